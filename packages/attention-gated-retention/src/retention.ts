import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { describeType, elementCount, f32, tensorType } from '@yoco-u/tensor';
import { logDecay } from './decay.ts';
import { checkRetention, type RetentionParams, retentionBytes, segmentsOf, sizesOf } from './retention-shapes.ts';

export type { RetentionParams };

const name = 'attention.gated_retention';

/**
 * Gated retention with memory: prefill and decode. Reads and writes state[slot] of every segment; a segment that starts at
 * position 0 takes its state as empty, so that slots are used again without clearing. No two segments share a slot.
 *
 * q, k, v [T, H·D], decay logits [T, H], segments i32 [segments, 4], state [slots, H, D, D] (updated) → o [T, H·D].
 * S_n = gamma_n S_(n-1) + k_nᵀ v_n,   o_n = (q_n / sqrt(D)) S_n
 *
 * This is the definition, and what a device does for a segment of few rows. Longer ones it may cut in chunks of rows 1 … N
 * that enter with the state S_0. With c_n = ln gamma_1 + … + ln gamma_n, unrolling the recurrence gives
 *
 *   S_n = exp(c_n) S_0 + sum over j <= n of exp(c_n - c_j) k_jᵀ v_j
 *
 * and so, from matrix products over whole chunks,
 *
 *   o_n = (q_n / sqrt(D)) S_0 · exp(c_n) + sum over j <= n of exp(c_n - c_j) · (q_n·k_j / sqrt(D)) · v_j
 *   S_N = exp(c_N) S_0 + sum over j of (exp(c_N - c_j) k_j)ᵀ v_j
 *
 * where no exponent is positive: c never rises, and j <= n <= N. The first sum's weights are those of the parallel form
 * within the chunk. All forms agree to rounding.
 *
 * YOCO 2024 (arXiv 2405.05254), section 3.2; chunkwise form after RetNet (arXiv 2307.08621).
 */
export const retention: KernelSpec<RetentionParams> = {
  name,
  updates: [5],
  infer(inputs) {
    const { rows, heads, headDim } = checkRetention(name, inputs, 6);
    const { shape, format } = inputs[5]!;
    const fits = shape.length === 4 && shape[1] === heads && shape[2] === headDim && shape[3] === headDim;
    if (!fits || format.name !== 'f32') {
      throw new ShapeError({
        where: name,
        expected: `state as f32 [slots, ${heads}, ${headDim}, ${headDim}]`,
        got: describeType(inputs[5]!),
      });
    }
    return [tensorType(f32, rows, heads * headDim)];
  },
  cost(inputs) {
    const { rows, heads, headDim } = sizesOf(inputs);
    const touched = Math.min(elementCount(inputs[4]!) / 4, rows) * heads * headDim ** 2;
    return { flops: 4 * rows * heads * headDim ** 2, bytes: retentionBytes(inputs) + 8 * touched };
  },
  reference(call) {
    const { heads: H, headDim: D } = sizesOf(call.inputTypes);
    const [q, k, v, decay, , states] = call.inputs;
    const o = call.outputs[0]!;
    const scale = 1 / Math.sqrt(D);
    for (const { firstRow, endRow, slot, start } of segmentsOf(call)) {
      for (let head = 0; head < H; head++) {
        const first = (slot * H + head) * D * D;
        const state = states!.subarray(first, first + D * D);
        if (start === 0) state.fill(0);
        for (let row = firstRow; row < endRow; row++) {
          const at = (row * H + head) * D;
          const gamma = Math.exp(logDecay(decay![row * H + head]!));
          const output = new Float64Array(D);
          for (let i = 0; i < D; i++) {
            for (let j = 0; j < D; j++) {
              const entry = gamma * state[i * D + j]! + k![at + i]! * v![at + j]!;
              state[i * D + j] = entry;
              output[j]! += scale * q![at + i]! * entry;
            }
          }
          o.set(output, at);
        }
      }
    }
  },
};
