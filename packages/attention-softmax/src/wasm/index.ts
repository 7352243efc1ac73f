/** The kernels of softmax attention on the CPU, for `createWasmBackend({ kernels })`. */
export { softmaxWasmKernels } from './kernels.ts';
