/** The script of a dedicated worker that runs the suites of the backend that it is told, and says what failed. */
import { findFaults } from '@yoco-u/conformance/checks';
import { type PageBackend, pageSuites } from './page-suites.ts';

/** What the worker answers. */
export interface PageWorkerResult {
  readonly checks: number;
  readonly faults: readonly string[];
}

globalThis.addEventListener('message', async ({ data }: MessageEvent<PageBackend>) => {
  const suites = pageSuites(data);
  const faults = (await findFaults(suites)).map(({ suite, check, error }) => `${suite}: ${check}: ${error}`);
  const checks = suites.reduce((sum, suite) => sum + suite.checks.length, 0);
  globalThis.postMessage({ checks, faults } satisfies PageWorkerResult);
});
