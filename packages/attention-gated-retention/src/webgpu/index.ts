/** The kernels of gated retention on WebGPU, for `createWebGpuBackend({ kernels })`. */
export { gatedRetentionWebGpuKernels } from './kernels.ts';
