/** The attention variants that come with YOCO-U, as the plug-ins that any others are. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { gatedRetentionWasmKernels } from '@yoco-u/attention-gated-retention/wasm';
import { gatedRetentionWebGpuKernels } from '@yoco-u/attention-gated-retention/webgpu';
import { softmaxAttention } from '@yoco-u/attention-softmax';
import { softmaxWasmKernels } from '@yoco-u/attention-softmax/wasm';
import { softmaxWebGpuKernels } from '@yoco-u/attention-softmax/webgpu';
import type { AttentionPlugin, AttentionRegistry } from '@yoco-u/spec';

export const builtInPlugins: readonly AttentionPlugin[] = [
  { variants: softmaxAttention, wasmKernels: softmaxWasmKernels, webgpuKernels: softmaxWebGpuKernels },
  { variants: [gatedRetention], wasmKernels: gatedRetentionWasmKernels, webgpuKernels: gatedRetentionWebGpuKernels },
];

/** `full` and `sliding_window` for self stages, `full` for cross stages, `gated_retention` for self stages. */
export const builtInAttention: AttentionRegistry = registryOf(builtInPlugins);

/** The variants of plug-ins, for `parseConfig`. */
export function registryOf(plugins: readonly AttentionPlugin[]): AttentionRegistry {
  return plugins.flatMap(({ variants }) => variants);
}
