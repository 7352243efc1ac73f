/** Where two curves of loss over training are level: at equal cost, and at equal loss. */

/** Of a budget that was trained to its end. */
export interface CurvePoint {
  /** Tokens or FLOPs; above 0. */
  readonly cost: number;
  readonly loss: number;
}

/** Budgets of one system and one seed. */
export type Curve = readonly CurvePoint[];

/** The loss at `cost`, along a line in log(cost) between the budgets beside it; undefined outside the budgets. */
export function lossAt(curve: Curve, cost: number): number | undefined {
  return alongSegments(curve, (from, to) => {
    const share = shareOf(Math.log(from.cost), Math.log(to.cost), Math.log(cost));
    return share === undefined ? undefined : from.loss + share * (to.loss - from.loss);
  });
}

/** The cost at which `loss` is reached first, on the same lines; undefined where the budgets reach it before the first or never. */
export function costAt(curve: Curve, loss: number): number | undefined {
  return alongSegments(curve, (from, to) => {
    const share = shareOf(from.loss, to.loss, loss);
    if (share === undefined) return undefined;
    return Math.exp(Math.log(from.cost) + share * (Math.log(to.cost) - Math.log(from.cost)));
  });
}

function alongSegments<T>(curve: Curve, at: (from: CurvePoint, to: CurvePoint) => T | undefined): T | undefined {
  const points = [...curve].sort((a, b) => a.cost - b.cost);
  for (let index = 0; index + 1 < points.length; index++) {
    const found = at(points[index]!, points[index + 1]!);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** How far `value` lies from `from` to `to`, both included; undefined outside. A budget's own value is hit in spite of rounding. */
function shareOf(from: number, to: number, value: number): number | undefined {
  if (from === to) return value === from ? 0 : undefined;
  const share = (value - from) / (to - from);
  const rounding = 1e-12;
  return share >= -rounding && share <= 1 + rounding ? Math.min(1, Math.max(0, share)) : undefined;
}
