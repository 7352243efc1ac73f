/** Clipping by the norm of all gradients together, without reading anything back: Pascanu et al. 2013 (arXiv 1211.5063). */
import type { KernelSpec, Value } from '@yoco-u/spec';
import { byteLength, elementCount, f32, tensorType } from '../shape.ts';
import { expectElement, expectInputs, expectOneElement } from './checks.ts';

/**
 * Sum of squares of a tensor, added to that of tensors before: x (any shape), before [1] or absent → [1].   before + Σ x²
 * Parts are added in a fixed order, whatever the thread count.
 */
export const squareSum: KernelSpec = {
  name: 'square_sum',
  infer(inputs) {
    expectInputs('square_sum', inputs, 1, 2);
    const [x, before] = inputs;
    expectElement('square_sum', 'x', x!, 'f32');
    if (before !== undefined) expectOneElement('square_sum', 'sum before', before);
    return [tensorType(f32, 1)];
  },
  cost: ([x]) => ({ flops: 2 * elementCount(x!), bytes: byteLength(x!) }),
  reference({ inputs: [x, before], outputs: [sum] }) {
    let squares = 0;
    for (const element of x!) squares += element * element;
    sum![0] = (before?.[0] ?? 0) + squares;
  },
};

export interface ClipScaleParams {
  /** The largest norm that is left as it is. */
  readonly max: Value;
  /** Factor that the gradients are still to be multiplied by, e.g. 1 / runs that were added up. Default 1. */
  readonly gradientScale?: Value;
}

/**
 * squares [1] (Σ g² over all gradients) → scale [1], norm [1].
 * norm = gradientScale · sqrt(squares), the one before clipping; scale = gradientScale · min(1, max / (norm + 10⁻⁶)).
 */
export const clipScale: KernelSpec<ClipScaleParams> = {
  name: 'clip_scale',
  infer(inputs) {
    expectInputs('clip_scale', inputs, 1);
    expectOneElement('clip_scale', 'sum of squares', inputs[0]!);
    return [tensorType(f32, 1), tensorType(f32, 1)];
  },
  cost: () => ({ flops: 5, bytes: 12 }),
  reference({ inputs: [squares], outputs: [scale, norm], params, value }) {
    const factor = value(params.gradientScale ?? 1);
    norm![0] = factor * Math.sqrt(squares![0]!);
    scale![0] = factor * Math.min(1, value(params.max) / (norm![0]! + 1e-6));
  },
};
