/**
 * Everything that `npm test` runs after the set-up: the checks, then vitest, then the closing line with the counts of
 * both. With CI=true the package checks too; `test:packages` runs the checks alone.
 *
 *   node tooling/run-tests.mjs test [arguments of vitest]
 *   node tooling/run-tests.mjs test:packages
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './bootstrap/paths.mjs';
import { runForeground } from './bootstrap/processes.mjs';
import { capture } from './lib/run.mjs';
import { twoAtOnce } from './lib/two-at-once.mjs';

/**
 * @typedef {readonly [name: string, file: string, ...parameters: string[]]} Check
 * @typedef {{ passed: number, failed: number, skipped: number }} Summary
 */

/** dependency-cruiser takes a folder that does not exist for a mistake. */
const sources = ['packages', 'apps', 'recipes', 'tooling'].filter((name) => existsSync(join(root, name)));

/** @type {readonly Check[]} */
const quickChecks = [
  ['build of the command line', process.execPath, 'tooling/bootstrap/run.mjs', 'build'],
  ['type check', 'tsc', '--noEmit', '-p', 'tsconfig.json'],
  ['type check of the tooling', 'tsc', '--noEmit', '-p', 'tooling/tsconfig.json'],
  ['type check of the web components', 'pnpm', '--dir', 'apps/web', 'check'],
  ['type check of the examples in documents', process.execPath, 'tooling/check-examples.mjs'],
  ['lint and format', 'biome', 'check', '--error-on-warnings', '.'],
  ['package manifests', process.execPath, 'tooling/check-packages.mjs'],
  ['package boundaries', process.execPath, 'tooling/check-boundaries.mjs'],
  ['import cycles', 'depcruise', '--config', '.dependency-cruiser.mjs', ...sources],
];

/** @type {readonly Check[]} */
const packageChecks = [
  ['build of all packages', 'turbo', 'run', 'build', '--continue=dependencies-successful', '--output-logs=errors-only'],
  ['packed packages', process.execPath, 'tooling/pack-and-consume.mjs'],
  ['independent versions', process.execPath, 'tooling/check-changesets.mjs'],
];

/** @type {Summary} */
const total = { passed: 0, failed: 0, skipped: 0 };

/**
 * Runs one check and counts its `ok` and `not ok` lines, or its exit code where it prints none. Its output shows only
 * when it fails.
 * @param {Check} check
 */
async function runCheck([name, file, ...parameters]) {
  const started = performance.now();
  const { code, output } = await capture(file, parameters);
  const passed = output.match(/^ok /gm)?.length ?? 0;
  const failed = output.match(/^not ok /gm)?.length ?? 0;
  const reported = passed + failed > 0;
  // A script that dies after its first `ok` must not pass for one that finished.
  const died = code !== 0 && failed === 0 ? 1 : 0;
  total.passed += reported ? passed : Number(code === 0);
  total.failed += failed + died;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (code !== 0) console.log(output.replaceAll(/^(ok .*\n)/gm, '').trimEnd());
}

/**
 * @param {readonly string[]} parameters
 * @returns {Promise<Summary>}
 */
async function runVitest(parameters) {
  const folder = mkdtempSync(join(tmpdir(), 'yoco-u-tests-'));
  const summaryFile = join(folder, 'summary.json');
  process.env.SUMMARY_FILE = summaryFile;
  try {
    const entry = join(root, 'node_modules/vitest/vitest.mjs');
    const code = await runForeground(process.execPath, [entry, 'run', ...parameters]);
    if (!existsSync(summaryFile)) return { passed: 0, failed: 1, skipped: 0 };
    /** @type {Summary} */
    const summary = JSON.parse(readFileSync(summaryFile, 'utf8'));
    // For example a filter that matches nothing: no test failed, and yet the run did not do what it was asked.
    const died = code !== 0 && summary.failed === 0 ? 1 : 0;
    return { ...summary, failed: summary.failed + died };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {Summary} summary */
function add({ passed, failed, skipped }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

const [command, ...parameters] = process.argv.slice(2);
const isPackageRun = command === 'test:packages';
const withPackages = isPackageRun || process.env.CI === 'true';
await twoAtOnce(quickChecks, runCheck);
// One after the other: each needs what the one before it made.
for (const check of withPackages ? packageChecks : []) await runCheck(check);
if (!isPackageRun) add(await runVitest(parameters));
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
