/**
 * The decay of gated retention: gamma = sigmoid(logit)^(1/16), always handled as its logarithm.
 *
 * A product of decays is the exponential of a sum of logarithms, each <= 0: it cannot overflow, and a ratio of two
 * products is the exponential of a difference of sums, never a division of numbers that may have vanished.
 */

/** Root that the gate's sigmoid is taken to: YOCO 2024 (arXiv 2405.05254), section 3.2, its temperature tau. */
export const decayTemperature = 16;

/** ln gamma = logsigmoid(logit) / 16: in [-infinity, 0], exact to rounding for logits of any size. */
export function logDecay(logit: number): number {
  return (Math.min(logit, 0) - Math.log1p(Math.exp(-Math.abs(logit)))) / decayTemperature;
}
