/** Rotary angles, computed on the host: float32 angles would be off by position 10⁵. */
import type { NumberArray } from '@yoco-u/spec';

/** Writes the rotation row of a position: D/2 cosines, then D/2 sines, at `row`·D. */
export type RotationWriter = (target: NumberArray, row: number, position: number) => void;

/** angle(i) = position · theta^(−2i/D), in float64. */
export function createRotationWriter(headDim: number, theta: number): RotationWriter {
  const half = headDim / 2;
  const frequencies = Float64Array.from({ length: half }, (_, i) => theta ** ((-2 * i) / headDim));
  return (target, row, position) => {
    const start = row * headDim;
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i]!;
      target[start + i] = Math.cos(angle);
      target[start + half + i] = Math.sin(angle);
    }
  };
}
