import { type KernelSpec, ShapeError, type TensorType } from '@yoco-u/spec';
import { describeType, sameType } from '@yoco-u/tensor';
import { decayTemperature } from './decay.ts';
import {
  checkRetention,
  type RetentionParams,
  type RetentionSizes,
  retentionBytes,
  segmentsOf,
  sizesOf,
} from './retention-shapes.ts';

const name = 'attention.gated_retention_decay_backward';

/**
 * Gradient of `attention.gated_retention_parallel` by the decay logits, from those by queries and keys: q, k, gradient of q,
 * gradient of k [T, H·D], decay logits [T, H], segments i32 [segments, 4] → gradient of the decay logits [T, H].
 *
 * With g the gradient of o, c the sums of ln gamma and w_nj = exp(c_n - c_j) / sqrt(D), a pair (n, j) adds
 * a_nj = w_nj (q_n·k_j) (g_n·v_j) to the gradient of c_n and takes it from that of c_j; so, ln gamma_m being part of every
 * c_n from m on,
 *
 *   d ln gamma_m = sum over n >= m of (sum over j of a_nj - sum over i of a_in) = sum over n >= m of (q_n·dq_n - k_n·dk_n)
 *   d logit_m = d ln gamma_m · sigmoid(-logit_m) / 16
 *
 * No pair crosses the first row of a segment: what the sum gives there is rounding, and the gradient is 0.
 */
export const retentionDecayBackward: KernelSpec<RetentionParams> = {
  name,
  infer(inputs) {
    if (inputs.length !== 6) throw new ShapeError({ where: name, expected: '6 inputs', got: `${inputs.length}` });
    const [q, k, ofQueries, ofKeys, decay, segments] = inputs;
    checkRetention(name, [q!, k!, ofQueries!, decay!, segments!], 5);
    if (!sameType(k!, ofKeys!)) {
      throw new ShapeError({
        where: name,
        expected: `a gradient of k ${describeType(k!)}`,
        got: describeType(ofKeys!),
      });
    }
    return [decay!];
  },
  cost(inputs) {
    const { rows, heads, headDim } = decaySizesOf(inputs);
    const [q, k, ofQueries, , decay, segments] = inputs;
    const bytes = retentionBytes([q!, k!, ofQueries!, decay!, segments!]) + 4 * rows * heads;
    return { flops: 4 * rows * heads * headDim, bytes };
  },
  reference(call) {
    const { heads: H, headDim: D } = decaySizesOf(call.inputTypes);
    const [q, k, ofQueries, ofKeys, decay] = call.inputs;
    const ofDecay = call.outputs[0]!;
    for (const { firstRow, endRow } of segmentsOf(call, 5)) {
      for (let head = 0; head < H; head++) {
        let sum = 0;
        for (let n = endRow - 1; n > firstRow; n--) {
          const at = (n * H + head) * D;
          for (let d = 0; d < D; d++) sum += q![at + d]! * ofQueries![at + d]! - k![at + d]! * ofKeys![at + d]!;
          ofDecay[n * H + head] = sum / (1 + Math.exp(decay![n * H + head]!)) / decayTemperature;
        }
        ofDecay[firstRow * H + head] = 0;
      }
    }
  },
};

/** Sizes of a call of this kernel. */
export function decaySizesOf([q, k, ofQueries, , decay]: readonly TensorType[]): RetentionSizes {
  return sizesOf([q!, k!, ofQueries!, decay!]);
}
