/**
 * `turbo boundaries`, without what it says about AssemblyScript: those sources end in .ts, but are another language
 * with imports of its own, and turbo knows no way to leave files out.
 */
import { report } from './lib/report.mjs';
import { capture } from './lib/run.mjs';

const assemblySource = /\/(packages\/[^/]+\/src\/(.*\/)?assembly|packages\/assembly\/lib)\//;

const { code, output } = await capture('turbo', ['boundaries', '--no-color']);
const findings = output
  .split(/\n(?= {2}x )/)
  .slice(1)
  // turbo wraps long lines, paths included.
  .filter((finding) => !assemblySource.test(finding.replaceAll(/\n {2}\| /g, '')));
const understood = code === 0 || / issues? found/.test(output);
report('turbo boundaries', understood ? findings : [output]);
