/** Steps whose gradient is far out of the ordinary: their update is left out. */

export interface OutlierSettings {
  /** A step is left out if its gradient norm is above this many times the running mean. */
  readonly factor: number;
  /** Steps that the mean is made of before any is left out. */
  readonly after: number;
}

/** Plain JSON. */
export interface NormStatistics {
  /** Running mean of gradient norms. */
  readonly mean: number;
  /** Steps that went in. */
  readonly count: number;
}

/** Share of the running mean that a step replaces, once there are enough steps. */
const renewal = 0.02;

export function isOutlier(
  settings: OutlierSettings | undefined,
  { mean, count }: NormStatistics,
  norm: number,
): boolean {
  return settings !== undefined && count >= settings.after && norm > settings.factor * mean;
}

/** A norm beyond the limit counts as the limit: after a lasting change the mean follows, and steps are taken again. */
export function withNorm(
  settings: OutlierSettings | undefined,
  { mean, count }: NormStatistics,
  norm: number,
): NormStatistics {
  const limited = isOutlier(settings, { mean, count }, norm) ? settings!.factor * mean : norm;
  const share = Math.max(renewal, 1 / (count + 1));
  return { mean: mean + share * (limited - mean), count: count + 1 };
}
