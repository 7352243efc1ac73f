/** What Muon is made of. */
import type { AnyWebGpuKernel, WebGpuKernel } from '@yoco-u/spec';
import {
  elementCount,
  gram,
  type MuonDirectionParams,
  type MuonUpdateParams,
  muonDirection,
  muonUpdate,
  type NewtonSchulzParams,
  newtonSchulz,
  normalize,
  rowCount,
  transpose,
  width,
} from '@yoco-u/tensor';
import { f32, i32, input, inputCount, output, overElements, rowMajor, typeOf } from './calls.ts';
import { extents, productDispatches, set } from './linear.ts';

const direction = (inputs: number): WebGpuKernel<MuonDirectionParams> => ({
  abi: 1,
  kernel: muonDirection.name,
  select: inputCount(inputs),
  dispatches: (call) =>
    overElements(
      1,
      elementCount(typeOf(call, 0)),
      {
        mean: input(0),
        gradient: input(1),
        ...(inputs === 3 ? { scale: input(2) } : {}),
        direction: output(0),
      },
      `let fresh = (1 - params.momentum) * gradient[i] * params.gradient_scale${inputs === 3 ? ' * scale[0]' : ''};
let m = params.momentum * mean[i] + fresh;
mean[i] = m;
direction[i] = params.momentum * m + fresh;`,
      { momentum: f32(call.params.momentum), gradient_scale: f32(call.params.gradientScale ?? 1) },
    ),
});

const kernels = {
  gram: {
    abi: 1,
    kernel: gram.name,
    select: rowMajor,
    // products of two numbers commute to the bit, so the sums are symmetric
    dispatches({ inputs: [x] }, device) {
      const m = rowCount(x!);
      return productDispatches(
        {
          product: { a: 'rows', b: 'rows', extents, store: set },
          bindings: { a: input(0), b: input(0), c: output(0) },
          uniforms: { m: i32(m), n: i32(m), k: i32(width(x!)) },
          m,
          mostRows: m,
          n: m,
        },
        device,
      );
    },
  } satisfies WebGpuKernel,
  muonDirection: direction(2),
  muonDirectionScaled: direction(3),
  muonUpdate: {
    abi: 1,
    kernel: muonUpdate.name,
    select: rowMajor,
    dispatches: (call) =>
      overElements(
        1,
        elementCount(typeOf(call, 0)),
        { parameter: input(0), direction: input(1) },
        'parameter[i] -= params.learning_rate * (params.factor * direction[i] + params.weight_decay * parameter[i]);',
        {
          learning_rate: f32(call.params.learningRate),
          weight_decay: f32(call.params.weightDecay),
          factor: f32(call.params.factor),
        },
      ),
  } satisfies WebGpuKernel<MuonUpdateParams>,
  newtonSchulz: {
    abi: 1,
    kernel: newtonSchulz.name,
    select: rowMajor,
    dispatches: ({ inputs: [grams], params }) => {
      const [a, b, c] = params.coefficients;
      return overElements(
        rowCount(grams!),
        rowCount(grams!),
        { gram: input(0), square: input(1), factor: output(0) },
        `let value = params.b * gram[i] + params.c * square[i];
factor[i] = select(value, value + params.a, i % (params.width + 1) == 0);`,
        { a: f32(a), b: f32(b), c: f32(c) },
      );
    },
  } satisfies WebGpuKernel<NewtonSchulzParams>,
  normalize: {
    abi: 1,
    kernel: normalize.name,
    select: rowMajor,
    dispatches: (call) =>
      overElements(
        1,
        elementCount(typeOf(call, 0)),
        { x: input(0), squares: input(1), y: output(0) },
        'y[i] = x[i] / (sqrt(squares[0]) + 1e-7);',
      ),
  } satisfies WebGpuKernel,
  transpose: {
    abi: 1,
    kernel: transpose.name,
    select: rowMajor,
    dispatches({ inputs: [x] }) {
      const [rows, columns] = [rowCount(x!), width(x!)];
      return overElements(
        columns,
        rows,
        { x: input(0), y: output(0) },
        'y[i] = x[(i % params.width) * params.rows + i / params.width];',
      );
    },
  } satisfies WebGpuKernel,
};

export const muonKernels: readonly AnyWebGpuKernel[] = Object.values(kernels);
