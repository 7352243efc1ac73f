/** What gated retention shows: how much of each position its state still holds. */
import type { AttentionLens } from '@yoco-u/spec';
import { logDecay } from './decay.ts';
import type { GatedRetentionConfig } from './variant.ts';

/**
 * Row n, column j: gamma_(j+1) · … · gamma_n, the factor that k_jᵀ v_j has in the state S_n of the head, whatever is asked of it.
 * Decay logits [T, H] are what the layer's gates made of the text.
 */
export const retentionLens: AttentionLens<GatedRetentionConfig> = {
  kind: 'held',
  layer: ['decay'],
  stage: [],
  weights({ heads }, { decay }, rows, head) {
    const held = new Float32Array(rows * rows);
    // ln of the product of all decays up to each row
    const sums = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      sums[row] = (sums[row - 1] ?? 0) + logDecay(decay![row * heads + head]!);
      for (let j = 0; j <= row; j++) held[row * rows + j] = Math.exp(sums[row]! - sums[j]!);
    }
    return held;
  },
};
