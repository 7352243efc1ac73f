/** Builds the page once a run, for all test files of the project `page`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildPage, chromiumPath } from './testing.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the built page lies: to be read alone, test files share it. */
    readonly builtPage: string;
  }
}

/** A build that fails ends the run: what it says would be lost among the tests. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'yoco-u-page-'));
  const build = async (): Promise<void> => {
    if (chromiumPath !== undefined) await buildPage(folder);
  };
  await build();
  project.provide('builtPage', folder);
  project.onTestsRerun(build);
  return () => rm(folder, { recursive: true });
}
