/**
 * What is tried in pages and their workers, isolated and not: a few kernels of every kind, both kinds of attention, and the contract of
 * a backend. Every kernel in every size is tried in Node, by the same suites.
 */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { slidingWindowAttention } from '@yoco-u/attention-softmax';
import { createWasmBackend } from '@yoco-u/backend-wasm';
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { attentionSuites, backendSuites, baseKernelCases, kernelSuites, type Suite } from '@yoco-u/conformance/checks';
import type { AttentionContext, Backend } from '@yoco-u/spec';
import { variantKernels } from './random-model.ts';

export type PageBackend = 'wasm' | 'webgpu';

const kernels = new Set(['add_rms_norm', 'embedding', 'linear', 'linear_cross_entropy', 'linear_weight_accumulate']);
/** Steps through a kernel's cases: widths repeat every seven. */
const caseStep = 11;

const context: AttentionContext = {
  model: { hiddenSize: 10, heads: 4, keyValueHeads: 2, headDim: 6, normEps: 1e-5, qkNorm: true },
  rope: true,
  stage: { window: 9 },
  where: '4 heads of 6 over 2',
};

/** Threads of the WASM backend: two where memory can be shared. */
const threads = (): number => (globalThis.crossOriginIsolated ? 2 : 1);

function create(name: PageBackend): Promise<Backend> {
  if (name === 'webgpu') return createWebGpuBackend({ kernels: variantKernels.webgpu ?? [] });
  return createWasmBackend({ kernels: variantKernels.wasm ?? [], threads: threads() });
}

/** Suites of one backend; all but those of the contract share one, so that its shaders are compiled once. */
export function pageSuites(name: PageBackend): readonly Suite[] {
  let shared: Promise<Backend> | undefined;
  const backends = [
    {
      name,
      async create() {
        shared ??= create(name);
        return { ...(await shared), [Symbol.asyncDispose]: () => Promise.resolve() };
      },
    },
  ];
  const chosen = baseKernelCases.filter(({ kernel }) => kernels.has(kernel.name));
  return [
    ...backendSuites(name, () => create(name)),
    ...chosen.flatMap(({ kernel, cases }) =>
      kernelSuites(kernel, { cases: cases.filter((_, index) => index % caseStep === 0), backends }),
    ),
    ...[slidingWindowAttention, gatedRetention].flatMap((variant) =>
      attentionSuites(variant, { contexts: [context], backends }),
    ),
  ];
}
