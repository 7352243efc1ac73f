import type { AttentionCost } from '@yoco-u/spec';

/** Sizes that the cost depends on. */
export interface RetentionCostSizes {
  readonly hiddenSize: number;
  readonly heads: number;
  readonly headDim: number;
}

/**
 * FLOPs a token for one layer: five projections H·D wide and the decay's, and the state's update and read, always counted in
 * the recurrent form with the decay left out. It does not depend on the number of tokens.
 */
export function gatedRetentionCost({ hiddenSize: C, heads: H, headDim: D }: RetentionCostSizes): AttentionCost {
  const parameters = 5 * C * H * D + C * H;
  return { layer: 2 * parameters + 4 * H * D ** 2, stage: 0 };
}
