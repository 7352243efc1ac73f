/** ALiBi attention as a plug-in: what a model's registry and the backends take, as one value. */
import type { AttentionPlugin } from '@yoco-u/spec';
import { alibiAttention } from './variant.ts';
import { alibiWasmKernels } from './wasm.ts';
import { alibiWebGpuKernels } from './webgpu.ts';

export type { AlibiParams } from './params.ts';
export { type AlibiConfig, alibiAttention } from './variant.ts';

export const alibiPlugin: AttentionPlugin = {
  variants: [alibiAttention],
  wasmKernels: alibiWasmKernels,
  webgpuKernels: alibiWebGpuKernels,
};
