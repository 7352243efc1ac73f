/** The kernels of softmax attention on WebGPU, for `createWebGpuBackend({ kernels })`. */
export { softmaxWebGpuKernels } from './kernels.ts';
