/** Backends: buffers, programs, errors and disposal. Kernels are compared by `describeKernel`. */
import type { Backend } from '@yoco-u/spec';
import { memoryChecks } from './backend-memory.ts';
import { programChecks } from './backend-programs.ts';
import { createSuite, type Suite } from './suite.ts';

/** The suites of `describeBackend`, for use without vitest. */
export function backendSuites(name: string, create: () => Backend | Promise<Backend>): readonly Suite[] {
  const fresh = () => async () => create();
  return [
    createSuite(`buffers of ${name}`, fresh, memoryChecks),
    createSuite(`programs of ${name}`, fresh, programChecks),
  ];
}
