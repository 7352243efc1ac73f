import { spawn } from 'node:child_process';
import { root } from '../bootstrap/paths.mjs';
import { childEnvironment } from '../bootstrap/processes.mjs';

/**
 * Runs a program and gathers its output. The repository's tools come first on its PATH.
 * @param {string} file
 * @param {readonly string[]} parameters
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string, stdout: string }>} the exit code; standard output and errors as
 *   they came; standard output alone
 */
export function capture(file, parameters, options = {}) {
  const child = spawn(file, parameters, {
    cwd: options.cwd ?? root,
    env: { ...childEnvironment(), TURBO_TELEMETRY_DISABLED: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stdout = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      output += text;
      if (stream === child.stdout) stdout += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output, stdout }));
  });
}

/**
 * Runs a program that must succeed.
 * @param {string} file
 * @param {readonly string[]} parameters
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>} its standard output
 * @throws {Error} with all its output, when it does not
 */
export async function mustRun(file, parameters, options) {
  const { code, output, stdout } = await capture(file, parameters, options);
  if (code !== 0) throw new Error(`${file} ${parameters.join(' ')}: exit code ${code}\n${output}`);
  return stdout;
}
