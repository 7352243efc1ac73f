import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** Tests by outcome. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The closing line that any continuous integration can read. */
export function closingLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Counts the tests of a run. What keeps tests from running counts as failed: a module that does not load, a hook of a
 * suite, an error outside of every test, a test that never finished.
 */
export function summarize(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Summary {
  let passed = 0;
  let failed = unhandled.length;
  let skipped = 0;
  for (const module of modules) {
    if (module.errors().length > 0) failed += 1;
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) failed += 1;
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed += 1;
      else if (state === 'skipped') skipped += 1;
      else failed += 1;
    }
  }
  return { passed, failed, skipped };
}

/** Names each skipped test, with the reason that it gave. */
export function skippedLines(modules: readonly TestModule[]): string[] {
  return modules
    .flatMap((module) => [...module.children.allTests('skipped')])
    .map((test) => {
      const result = test.result();
      const reason = result.state === 'skipped' && result.note !== undefined ? ` (${result.note})` : '';
      return `skipped: ${test.fullName}${reason}`;
    });
}

/**
 * Ends a run with the closing line, alone on a line. With `SUMMARY_FILE` in the environment the counts go to that file
 * instead, for a caller that adds its own.
 */
export function createSummaryReporter(): Reporter {
  let last: Summary | undefined;
  return {
    onTestRunEnd(modules, unhandled) {
      const summary = summarize(modules, unhandled);
      for (const line of skippedLines(modules)) console.log(line);
      const file = process.env.SUMMARY_FILE;
      if (file === undefined) {
        // vitest still prints its own summary after this hook, and a watching run ends more than once.
        if (last === undefined) process.once('exit', () => console.log(closingLine(last ?? summary)));
        last = summary;
        return;
      }
      writeFileSync(file, JSON.stringify(summary));
    },
  };
}
