import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { crossAttention, fullAttention, slidingWindowAttention } from '@yoco-u/attention-softmax';
import { describeAttentionVariant } from '@yoco-u/conformance';
import type { AttentionContext, ModelDimensions } from '@yoco-u/spec';
import { webGpuBackends } from './backends.ts';
import { variantKernels } from './random-model.ts';

const grouped: ModelDimensions = {
  hiddenSize: 10,
  heads: 4,
  keyValueHeads: 2,
  headDim: 6,
  normEps: 1e-5,
  qkNorm: true,
};
const narrow: ModelDimensions = { ...grouped, hiddenSize: 9, heads: 3, keyValueHeads: 1, headDim: 5, qkNorm: false };

function contextOf(name: string, model: ModelDimensions, rope: boolean, stage: object = {}): AttentionContext {
  return { model, rope, stage: stage as Readonly<Record<string, unknown>>, where: name };
}

const backends = webGpuBackends(variantKernels, ['registers']);
const contexts = [contextOf('4 heads of 6 over 2', grouped, true), contextOf('3 heads of 5 over 1', narrow, false)];

describeAttentionVariant(slidingWindowAttention, {
  contexts: [
    contextOf('4 heads of 6 over 2, window 16', grouped, true, { window: 16 }),
    contextOf('3 heads of 5 over 1, window 9', narrow, false, { window: 9 }),
  ],
  backends,
  exactBits: true,
});
for (const variant of [fullAttention, crossAttention]) {
  describeAttentionVariant(variant, { contexts, backends, exactBits: true });
}
describeAttentionVariant(gatedRetention, { contexts, backends });

/** Few rows have a form of their own here; heads of eight are read in vectors by the forms for many. */
const workgroup = webGpuBackends(variantKernels, ['workgroup']);
const wide = { ...grouped, headDim: 8 };
for (const variant of [slidingWindowAttention, fullAttention]) {
  const stage = variant === fullAttention ? {} : { window: 9 };
  const wideContexts = [contextOf('4 heads of 8 over 2', wide, true, stage)];
  describeAttentionVariant(variant, { contexts: wideContexts, backends: workgroup, exactBits: true });
}
