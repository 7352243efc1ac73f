/** Which layer applications keep their activations for the gradient, and which compute them again. */
import type { LayerApplication, ModelConfig } from '@yoco-u/model';

/**
 * Share of the layer applications, 0 to 1, whose activations are computed again; `true` is all of them, `false` none. Gradients are
 * the same to the bit. The first applications are chosen: their gradients come last, when the activations of the others are gone.
 */
export type RecomputeShare = boolean | number;

/** Tells the chosen applications of a model from the others. */
export function recomputedApplications(
  { stages }: ModelConfig,
  share: RecomputeShare,
): (application: LayerApplication) => boolean {
  const counts = stages.map(({ iterations, layers }) => iterations * layers.length);
  const countBefore = (stage: number): number => counts.slice(0, stage).reduce((sum, count) => sum + count, 0);
  const chosen = Math.round(Number(share) * countBefore(stages.length));
  return ({ stage, iteration, layer }) =>
    countBefore(stage) + iteration * stages[stage]!.layers.length + layer < chosen;
}
