export { createWebGpuBackend, type WebGpuBackendOptions } from './backend.ts';
export { baseWebGpuKernels } from './kernels/index.ts';
export type { SelfTest } from './self-test.ts';
