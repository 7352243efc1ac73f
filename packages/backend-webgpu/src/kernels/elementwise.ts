/** Kernels that treat every element alike. */
import type { AnyWebGpuKernel, TensorType, Value, WebGpuKernel } from '@yoco-u/spec';
import {
  accumulate,
  add,
  elementCount,
  fill,
  fillState,
  type RowParams,
  rotary,
  rotaryBackward,
  rowsOf,
  type ScaleParams,
  scale,
  swiglu,
  swigluBackward,
  width,
} from '@yoco-u/tensor';
import { type Call, f32, i32, input, output, overElements, rotated, rowMajor, sigmoid, typeOf } from './calls.ts';

const rows = (call: Call<RowParams>): Value => rowsOf(call.params, typeOf(call, 0));
const columns = (call: Call<object>): number => width(typeOf(call, 0));

/** Component i of a head pairs with i + D/2; one invocation a pair. */
function rotation(kernel: string, direction: '' | '-'): WebGpuKernel<RowParams> {
  return {
    abi: 1,
    kernel,
    select: rowMajor,
    dispatches: (call) =>
      overElements(
        rows(call),
        columns(call) / 2,
        { x: input(0), rotation: input(1), y: output(0) },
        `let half = params.head / 2;
let row = i / params.width;
let pair = i % half;
let at = row * 2 * params.width + ((i % params.width) / half) * params.head + pair;
let cosine = rotation[row * params.head + pair];
let sine = ${direction}rotation[row * params.head + half + pair];
let a = x[at];
let b = x[at + half];
y[at] = ${rotated.first};
y[at + half] = ${rotated.second};`,
        { head: i32(width(typeOf(call, 1))) },
      ),
  };
}

const kernels = {
  accumulate: {
    abi: 1,
    kernel: accumulate.name,
    select: rowMajor,
    dispatches: (call) =>
      overElements(1, elementCount(typeOf(call, 0)), { sum: input(0), x: input(1) }, 'sum[i] += x[i];'),
  } satisfies WebGpuKernel,
  add: {
    abi: 1,
    kernel: add.name,
    select: rowMajor,
    dispatches: (call) =>
      overElements(rows(call), columns(call), { a: input(0), b: input(1), y: output(0) }, 'y[i] = a[i] + b[i];'),
  } satisfies WebGpuKernel<RowParams>,
  fill: {
    abi: 1,
    kernel: fill.name,
    select: ({ outputs: [y] }) => y!.format.name === y!.format.element || `an output stored as ${y!.format.name}`,
    dispatches: ({ outputs: [y], params: { value } }) =>
      overElements(1, elementCount(y!), { y: output(0) }, 'y[i] = params.value;', {
        value: y!.format.element === 'i32' ? i32(value) : f32(value),
      }),
  } satisfies WebGpuKernel<{ readonly type: TensorType; readonly value: number }>,
  fillState: {
    abi: 1,
    kernel: fillState.name,
    select: rowMajor,
    dispatches: ({ inputs: [state], params: { value } }) =>
      overElements(1, elementCount(state!), { state: input(0) }, 'state[i] = params.value;', {
        value: state!.format.element === 'i32' ? i32(value) : f32(value),
      }),
  } satisfies WebGpuKernel<{ readonly value: Value }>,
  rotary: rotation(rotary.name, ''),
  rotaryBackward: rotation(rotaryBackward.name, '-'),
  scale: {
    abi: 1,
    kernel: scale.name,
    select: rowMajor,
    dispatches: (call) =>
      overElements(rows(call), columns(call), { x: input(0), y: output(0) }, 'y[i] = x[i] * params.factor;', {
        factor: f32(call.params.factor),
      }),
  } satisfies WebGpuKernel<ScaleParams>,
  swiglu: {
    abi: 1,
    kernel: swiglu.name,
    select: rowMajor,
    dispatches: (call) =>
      overElements(
        rows(call),
        columns(call),
        { gate: input(0), up: input(1), y: output(0) },
        `let g = gate[i];
${sigmoid}
y[i] = g * s * up[i];`,
      ),
  } satisfies WebGpuKernel<RowParams>,
  swigluBackward: {
    abi: 1,
    kernel: swigluBackward.name,
    select: rowMajor,
    dispatches: (call) =>
      overElements(
        rows(call),
        columns(call),
        { gate: input(0), up: input(1), gradient: input(2), dgate: output(0), dup: output(1) },
        `let g = gate[i];
${sigmoid}
dgate[i] = gradient[i] * up[i] * s * (1 + g * (1 - s));
dup[i] = gradient[i] * g * s;`,
      ),
  } satisfies WebGpuKernel<RowParams>,
};

export const elementwiseKernels: readonly AnyWebGpuKernel[] = Object.values(kernels);
