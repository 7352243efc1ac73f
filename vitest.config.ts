import { defineConfig } from 'vitest/config';
import { browserProjects, browserTests } from './tooling/vitest-browser/project.ts';
import { createSummaryReporter } from './tooling/vitest-reporter/summary-reporter.ts';
import { f16Projects, gpuProject, gpuTests } from './tooling/vitest-webgpu/project.ts';

const conditions = ['@yoco-u/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
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
            'tooling/vitest-browser/missing.test.ts',
            'tooling/vitest-webgpu/missing.test.ts',
            '**/node_modules/**',
            '**/dist/**',
          ],
          // ends what hangs; what is slow on a busy machine may go on
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      gpuProject(),
      ...f16Projects(),
      ...browserProjects(),
    ],
  },
});
