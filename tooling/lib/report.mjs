import { performance } from 'node:perf_hooks';

/**
 * Prints the outcome of one check as `ok <name>` or `not ok <name>` and the reasons. `run-tests.mjs` counts these lines.
 * @param {string} name
 * @param {readonly string[]} [problems] none: the check passed
 */
export function report(name, problems = []) {
  if (problems.length === 0) {
    console.log(`ok ${name}`);
    return;
  }
  process.exitCode = 1;
  console.log(`not ok ${name}`);
  for (const problem of problems) console.log(`  ${problem.trimEnd().replaceAll('\n', '\n  ')}`);
}

/**
 * Runs one check and reports it: what it throws is the problem.
 * @param {string} name
 * @param {() => void | Promise<void>} run
 */
export async function check(name, run) {
  const started = performance.now();
  const label = () => `${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`;
  try {
    await run();
    report(label());
  } catch (error) {
    report(label(), [error instanceof Error ? error.message : String(error)]);
  }
}
