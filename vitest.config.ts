import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { browserProjects, browserTests } from './tooling/vitest-browser/project.ts';
import { LongestFirst } from './tooling/vitest-order/longest-first.ts';
import { createSummaryReporter } from './tooling/vitest-reporter/summary-reporter.ts';
import { f16Projects, gpuProject, gpuTests } from './tooling/vitest-webgpu/project.ts';

const conditions = ['@yoco-u/source'];
/** On the built web page. */
const pageTests = 'apps/web/src/**/*page.test.ts';
/** Ends what hangs; what is slow on a busy machine may go on. */
const timeouts = { testTimeout: 300_000, hookTimeout: 300_000 };

// Hundreds of tests start a program from its sources: the types of a file are stripped, and its code is compiled, once for all.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node');

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // vitest leaves a core to itself, of two cores half of the machine
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    reporters: ['default', createSummaryReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'apps/*/src/**/*.test.ts',
            'recipes/**/*.test.ts',
            'tooling/**/*.test.ts',
          ],
          exclude: [
            browserTests,
            gpuTests,
            pageTests,
            'tooling/vitest-browser/missing.test.ts',
            'tooling/vitest-webgpu/missing.test.ts',
            '**/node_modules/**',
            '**/dist/**',
          ],
          ...timeouts,
        },
      },
      {
        extends: true,
        test: { name: 'page', include: [pageTests], globalSetup: 'apps/web/src/build-for-tests.ts', ...timeouts },
      },
      gpuProject(),
      ...f16Projects(),
      ...browserProjects(),
    ],
  },
});
