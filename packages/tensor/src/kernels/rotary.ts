import { type KernelSpec, type ReferenceCall, ShapeError, type TensorType } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, rowCount, tensorType, width } from '../shape.ts';
import { expectElement, expectInputs, expectRows, type RowParams, rowsOf } from './checks.ts';

/**
 * Rotary position embedding, rotate-half layout: component i of a head pairs with i + D/2.
 *
 * x [T, heads·D], rotation [T, D] (D/2 cosines, then D/2 sines, of each row's position) → y [T, heads·D].
 * (a, b) → (a·cos − b·sin, b·cos + a·sin).   Su et al. 2021 (arXiv 2104.09864).
 */
export const rotary: KernelSpec<RowParams> = {
  name: 'rotary',
  infer: (inputs) => inferRotated('rotary', inputs),
  cost: rotaryCost,
  reference: (call) => rotate(call, 1),
  backward(graph, { inputs: [, rotation], params }, [gradient]) {
    return gradient === undefined ? [] : [graph.call(rotaryBackward, [gradient, rotation!], params)[0]];
  },
};

/** Gradient of `rotary`, the rotation by the negative angle: gradient [T, heads·D], rotation [T, D] → [T, heads·D]. */
export const rotaryBackward: KernelSpec<RowParams> = {
  name: 'rotary_backward',
  infer: (inputs) => inferRotated('rotary_backward', inputs),
  cost: rotaryCost,
  reference: (call) => rotate(call, -1),
};

function inferRotated(where: string, inputs: readonly TensorType[]): readonly TensorType[] {
  expectInputs(where, inputs, 2);
  const [x, rotation] = inputs;
  expectElement(where, 'x', x!, 'f32');
  expectElement(where, 'rotation', rotation!, 'f32');
  expectRows(where, 'rotation', rotation!, rowCount(x!));
  const D = width(rotation!);
  if (D % 2 !== 0 || width(x!) % D !== 0) {
    throw new ShapeError({
      where,
      expected: 'an even head width that divides the width of x',
      got: `x ${describeType(x!)}, rotation ${describeType(rotation!)}`,
    });
  }
  return [tensorType(f32, ...x!.shape)];
}

function rotaryCost([x]: readonly TensorType[]) {
  return { flops: 3 * elementCount(x!), bytes: 2 * byteLength(x!) };
}

function rotate(
  { inputs: [x, rotation], outputs: [y], inputTypes, params, value }: ReferenceCall<RowParams>,
  direction: 1 | -1,
): void {
  const D = width(inputTypes[1]!);
  const C = width(inputTypes[0]!);
  const T = value(rowsOf(params, inputTypes[0]!));
  for (let t = 0; t < T; t++) {
    for (let head = t * C; head < (t + 1) * C; head += D) {
      for (let i = 0; i < D / 2; i++) {
        const cos = rotation![t * D + i]!;
        const sin = direction * rotation![t * D + D / 2 + i]!;
        const a = x![head + i]!;
        const b = x![head + D / 2 + i]!;
        y![head + i] = a * cos - b * sin;
        y![head + D / 2 + i] = b * cos + a * sin;
      }
    }
  }
}
