/** Curves of different lengths and places in one table, as uPlot wants them. */
import type { CurvePoint } from './training-run.svelte.ts';

export type AlignedCurves = [number[], ...(number | null)[][]];

/** All FLOPs in order, then for each curve its value there, or null. */
export function alignCurves(curves: readonly (readonly CurvePoint[])[]): AlignedCurves {
  const places = [...new Set(curves.flatMap((points) => points.map(({ flops }) => flops)))].sort((a, b) => a - b);
  const indices = new Map(places.map((flops, index) => [flops, index]));
  const columns = curves.map((points) => {
    const values = new Array<number | null>(places.length).fill(null);
    for (const { flops, bitsPerByte } of points) values[indices.get(flops)!] = bitsPerByte;
    return values;
  });
  return [places, ...columns];
}
