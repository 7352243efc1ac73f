/** Backends that the tests run on. */
import { createWasmBackend } from '@yoco-u/backend-wasm';
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import type { BackendChoice } from '@yoco-u/conformance';
import type { Backend } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { alibiKernels } from './kernels.ts';
import { alibiWasmKernels } from './wasm.ts';
import { alibiWebGpuKernels } from './webgpu.ts';

const settings = [
  { simd: 'relaxed', threads: 1 },
  { simd: 'baseline', threads: 3 },
] as const;

export const hostBackends: readonly BackendChoice[] = [
  { name: 'reference, float32', create: () => createReferenceBackend({ precision: 32, kernels: alibiKernels }) },
  ...settings.map(({ simd, threads }) => ({
    name: `wasm, ${simd} SIMD, ${threads} threads`,
    create: () => createWasmBackend({ kernels: alibiWasmKernels, simd, threads }),
  })),
];

/** One device for all suites of a file: shaders take longer to compile than to run. */
let device: Promise<Backend> | undefined;
export const gpuBackends: readonly BackendChoice[] = [
  {
    name: 'webgpu',
    async create() {
      device ??= createWebGpuBackend({ kernels: alibiWebGpuKernels });
      return { ...(await device), [Symbol.asyncDispose]: () => Promise.resolve() };
    },
  },
];
