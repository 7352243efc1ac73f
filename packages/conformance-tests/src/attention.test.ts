import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { gatedRetentionWasmKernels } from '@yoco-u/attention-gated-retention/wasm';
import {
  crossAttention,
  fullAttention,
  slidingWindowAttention,
  softmaxAttentionKernels,
} from '@yoco-u/attention-softmax';
import { softmaxWasmKernels } from '@yoco-u/attention-softmax/wasm';
import { describeAttentionVariant } from '@yoco-u/conformance';
import type { AttentionContext, ModelDimensions } from '@yoco-u/spec';
import { allBackends } from './backends.ts';

const grouped: ModelDimensions = {
  hiddenSize: 10,
  heads: 4,
  keyValueHeads: 2,
  headDim: 6,
  normEps: 1e-5,
  qkNorm: true,
};
const narrow: ModelDimensions = { ...grouped, hiddenSize: 9, heads: 3, keyValueHeads: 1, headDim: 5, qkNorm: false };
const wide: ModelDimensions = { ...grouped, hiddenSize: 40, heads: 4, keyValueHeads: 4, headDim: 32 };

function contextOf(name: string, model: ModelDimensions, rope: boolean, stage: object = {}): AttentionContext {
  return { model, rope, stage: stage as Readonly<Record<string, unknown>>, where: `${name}${rope ? ', rotated' : ''}` };
}

const models = [
  ['4 heads of 6 over 2', grouped, true],
  ['3 heads of 5 over 1', narrow, false],
  ['4 heads of 32', wide, true],
] as const;

const softmax = allBackends({ reference: softmaxAttentionKernels, wasm: softmaxWasmKernels });

describeAttentionVariant(slidingWindowAttention, {
  contexts: [
    ...[1, 7, 16, 100].map((window) => contextOf(`4 heads of 6 over 2, window ${window}`, grouped, true, { window })),
    contextOf('3 heads of 5 over 1, window 9', narrow, false, { window: 9 }),
    contextOf('4 heads of 32, window 20', wide, true, { window: 20 }),
  ],
  backends: softmax,
  exactBits: true,
});

for (const variant of [fullAttention, crossAttention]) {
  const contexts = models.map(([name, model, rope]) => contextOf(name, model, rope));
  describeAttentionVariant(variant, { contexts, backends: softmax, exactBits: true });
}

describeAttentionVariant(gatedRetention, {
  contexts: models.map(([name, model, rope]) => contextOf(name, model, rope)),
  backends: allBackends({ reference: gatedRetention.kernels, wasm: gatedRetentionWasmKernels }),
});
