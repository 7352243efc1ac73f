import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from './paths.mjs';

const forwarded = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** The environment of every child: the repository's own tools come first, so that `node` is the pinned one. */
export function childEnvironment() {
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].filter(Boolean).join(delimiter);
  // `npm --silent` hands its silence on, and a package manager that fails would not say why.
  return { ...process.env, PATH, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1', npm_config_loglevel: undefined };
}

/**
 * Runs a step whose output matters only when it fails.
 * @param {string} title what the progress line says
 * @param {string} file
 * @param {readonly string[]} parameters
 * @param {{ cwd?: string, hint?: string }} [options]
 * @throws {Error} when the step fails, after its output was printed
 */
export function runQuietly(title, file, parameters, options = {}) {
  const started = performance.now();
  process.stderr.write(`${title} … `);
  const result = spawnSync(file, parameters, {
    cwd: options.cwd ?? root,
    env: childEnvironment(),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
    // npx is a .cmd file on Windows, which only a shell can start.
    shell: process.platform === 'win32' && file === 'npx',
  });
  if (result.status === 0) {
    process.stderr.write(`done in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    return;
  }
  process.stderr.write('failed\n');
  // The packages want a newer Node than the one that installs them: that is what the pinned Node is for.
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.replaceAll(/^.*WARN\s+Unsupported engine.*\n/gm, '');
  process.stderr.write(output);
  const cause = result.error?.message ?? (result.signal ? `signal ${result.signal}` : `exit code ${result.status}`);
  throw new Error(`${title}: ${cause}${options.hint === undefined ? '' : `; ${options.hint}`}`);
}

/**
 * Runs a program in the foreground, with this process's terminal, signals and exit code.
 * @param {string} file
 * @param {readonly string[]} parameters
 * @returns {Promise<number>} the exit code; 128 + n when signal n ended the program
 */
export function runForeground(file, parameters) {
  const child = spawn(file, parameters, { stdio: 'inherit', env: childEnvironment() });
  // A terminal sends Ctrl-C to the whole group: passing it on would make the program see it twice.
  const terminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  for (const signal of forwarded) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !terminal) child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
