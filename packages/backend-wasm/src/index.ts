export { createWasmBackend, type WasmBackendOptions } from './backend.ts';
export { baseWasmKernels } from './base-kernels.ts';
export type { SimdLevel } from './loader.ts';
