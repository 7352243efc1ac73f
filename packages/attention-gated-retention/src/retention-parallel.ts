import type { KernelSpec, Tensor } from '@yoco-u/spec';
import { f32, tensorType } from '@yoco-u/tensor';
import { logDecay } from './decay.ts';
import { retentionDecayBackward } from './decay-backward.ts';
import { retentionKeyValueBackward } from './key-value-backward.ts';
import { checkRetention, type RetentionParams, retentionBytes, segmentsOf, sizesOf } from './retention-shapes.ts';

const name = 'attention.gated_retention_parallel';

/**
 * Gated retention of each segment by itself, without memory: training, and scoring in one piece. Every segment starts from
 * an empty state, whatever its slot and start position say.
 *
 * q, k, v [T, H·D], decay logits [T, H], segments i32 [segments, 4] → o [T, H·D].
 * o_n = sum over j <= n of (gamma_(j+1) · … · gamma_n) · (q_n·k_j / sqrt(D)) · v_j
 *
 * YOCO 2024 (arXiv 2405.05254), section 3.2, parallel representation.
 */
export const retentionParallel: KernelSpec<RetentionParams> = {
  name,
  infer(inputs) {
    const { rows, heads, headDim } = checkRetention(name, inputs, 5);
    return [tensorType(f32, rows, heads * headDim)];
  },
  cost(inputs) {
    const { rows, heads, headDim } = sizesOf(inputs);
    return { flops: 4 * rows * heads * headDim ** 2, bytes: retentionBytes(inputs) };
  },
  reference(call) {
    const { heads: H, headDim: D } = sizesOf(call.inputTypes);
    const [q, k, v, decay] = call.inputs;
    const o = call.outputs[0]!;
    const scale = 1 / Math.sqrt(D);
    for (const { firstRow, endRow } of segmentsOf(call)) {
      for (let head = 0; head < H; head++) {
        const at = (row: number): number => (row * H + head) * D;
        // sums[n]: ln of the product of all decays up to row n; double precision whatever the backend's
        const sums = new Float64Array(endRow - firstRow);
        let sum = 0;
        for (let n = firstRow; n < endRow; n++) {
          sum += logDecay(decay![n * H + head]!);
          sums[n - firstRow] = sum;
          const output = new Float64Array(D);
          for (let j = firstRow; j <= n; j++) {
            let score = 0;
            for (let d = 0; d < D; d++) score += q![at(n) + d]! * k![at(j) + d]!;
            const weight = scale * score * Math.exp(sum - sums[j - firstRow]!);
            for (let d = 0; d < D; d++) output[d]! += weight * v![at(j) + d]!;
          }
          o.set(output, at(n));
        }
      }
    }
  },
  backward(graph, { inputs, params }, [gradient]) {
    if (gradient === undefined) return inputs.map(() => undefined);
    const [q, k, v, decay, segments] = inputs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor];
    // dq_n = sum over j <= n of w_nj (g_n·v_j) k_j: the forward pass with other operands. No call has more than 8 tensors.
    const [ofQueries] = graph.call(retentionParallel, [gradient, v, k, decay, segments], params);
    const [ofKeys, ofValues] = graph.call(retentionKeyValueBackward, [...inputs, gradient], params);
    const operands = [q, k, ofQueries!, ofKeys!, decay, segments];
    const [ofDecay] = graph.call(retentionDecayBackward, operands, params);
    return [ofQueries, ofKeys, ofValues, ofDecay, undefined];
  },
};
