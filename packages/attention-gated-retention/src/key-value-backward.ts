import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { describeType, sameType } from '@yoco-u/tensor';
import { logDecay } from './decay.ts';
import { checkRetention, type RetentionParams, retentionBytes, segmentsOf, sizesOf } from './retention-shapes.ts';

const name = 'attention.gated_retention_key_value_backward';

/**
 * Gradients of `attention.gated_retention_parallel` by keys and values: q, k, v [T, H·D], decay logits [T, H], segments i32
 * [segments, 4], gradient g of o [T, H·D] → gradients of k and v [T, H·D].
 *
 * With c the sums of ln gamma and w_nj = exp(c_n - c_j) / sqrt(D):
 *
 *   dk_j = sum over n >= j of w_nj (g_n·v_j) q_n,   dv_j = sum over n >= j of w_nj (q_n·k_j) g_n
 *
 * which is retention from the last row to the first; in chunks of rows 1 … N, with U the sum over all rows n behind the chunk
 * of exp(c_n - c_N) q_nᵀ g_n / sqrt(D),
 *
 *   dk_j = exp(c_N - c_j) v_j Uᵀ + sum over n >= j in the chunk,   dv_j = exp(c_N - c_j) k_j U + the same
 *   U of the chunk before = exp(c_N) U + sum over n in the chunk of exp(c_n) q_nᵀ g_n / sqrt(D)
 *
 * where, as in the forward pass, no exponent is positive.
 */
export const retentionKeyValueBackward: KernelSpec<RetentionParams> = {
  name,
  infer(inputs) {
    checkRetention(name, inputs, 6);
    const [q, k, v, , , gradient] = inputs;
    if (!sameType(q!, gradient!)) {
      throw new ShapeError({ where: name, expected: `a gradient ${describeType(q!)}`, got: describeType(gradient!) });
    }
    return [k!, v!];
  },
  cost(inputs) {
    const { rows, heads, headDim } = sizesOf(inputs);
    return { flops: 6 * rows * heads * headDim ** 2, bytes: retentionBytes(inputs) + 8 * rows * heads * headDim };
  },
  reference(call) {
    const { heads: H, headDim: D } = sizesOf(call.inputTypes);
    const [q, k, v, decay, , gradient] = call.inputs;
    const [ofKeys, ofValues] = call.outputs;
    const scale = 1 / Math.sqrt(D);
    for (const { firstRow, endRow } of segmentsOf(call)) {
      for (let head = 0; head < H; head++) {
        const at = (row: number): number => (row * H + head) * D;
        for (let j = firstRow; j < endRow; j++) {
          const ofKey = new Float64Array(D);
          const ofValue = new Float64Array(D);
          let sum = 0;
          for (let n = j; n < endRow; n++) {
            if (n > j) sum += logDecay(decay![n * H + head]!);
            const weight = scale * Math.exp(sum);
            let score = 0;
            let pull = 0;
            for (let d = 0; d < D; d++) {
              score += weight * q![at(n) + d]! * k![at(j) + d]!;
              pull += weight * gradient![at(n) + d]! * v![at(j) + d]!;
            }
            for (let d = 0; d < D; d++) {
              ofKey[d]! += pull * q![at(n) + d]!;
              ofValue[d]! += score * gradient![at(n) + d]!;
            }
          }
          ofKeys!.set(ofKey, at(j));
          ofValues!.set(ofValue, at(j));
        }
      }
    }
  },
};
