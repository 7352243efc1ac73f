/** Losses, sums, clipping and optimizer steps in WebAssembly. Argument words follow the comments in `assembly/`. */
import type { AnyWasmKernel, Value, WasmKernel, WasmWord } from '@yoco-u/spec';
import {
  type AdamwUpdateParams,
  accumulate,
  adamwUpdate,
  type ClipScaleParams,
  clipScale,
  elementCount,
  fillState,
  meanLoss,
  type OptimizerParams,
  type RowParams,
  type SgdUpdateParams,
  sgdUpdate,
  squareSum,
} from '@yoco-u/tensor';
import { type Call, cell, elementwise, inputCount, rowCell, rowMajor } from './kernel-calls.ts';
import { trainingModule as module } from './training.wasm.ts';

/** Elements of a part of a sum of squares; `assembly/reductions.ts` has the same. */
const squareSumPart = 4096;

const encodeOptimizer = ({ inputs: [parameter], params }: Call<OptimizerParams>): readonly WasmWord[] => [
  elementCount(parameter!),
  cell(params.learningRate, 'f32'),
  cell(params.weightDecay, 'f32'),
  cell(params.gradientScale ?? 1, 'f32'),
];
const encodeAdamw = (call: Call<AdamwUpdateParams>): readonly WasmWord[] => {
  const { beta1, beta2, eps, meanCorrection, varianceCorrection } = call.params;
  const own = [beta1, beta2, eps, meanCorrection, varianceCorrection].map((value) => cell(value, 'f32'));
  return [...encodeOptimizer(call), ...own];
};
const encodeSgd = (call: Call<SgdUpdateParams>): readonly WasmWord[] => [
  ...encodeOptimizer(call),
  cell(call.params.momentum, 'f32'),
];

const squareSumBytes = ({ inputs: [x] }: Call<object>): number => Math.ceil(elementCount(x!) / squareSumPart) * 4;
const encodeSquareSum = ({ inputs: [x] }: Call<object>): readonly WasmWord[] => [elementCount(x!)];

const kernels = {
  accumulate: {
    kernel: accumulate.name,
    module,
    abi: 1,
    phases: ['accumulate'],
    select: rowMajor,
    encode: ({ inputs: [sum] }) => [elementCount(sum!)],
    serial: elementwise(1),
  } satisfies WasmKernel,
  adamwUpdate: {
    kernel: adamwUpdate.name,
    module,
    abi: 1,
    phases: ['adamw_update'],
    select: inputCount(4),
    encode: encodeAdamw,
    serial: elementwise(16),
  } satisfies WasmKernel<AdamwUpdateParams>,
  adamwUpdateScaled: {
    kernel: adamwUpdate.name,
    module,
    abi: 1,
    phases: ['adamw_update_scaled'],
    select: inputCount(5),
    encode: encodeAdamw,
    serial: elementwise(16),
  } satisfies WasmKernel<AdamwUpdateParams>,
  clipScale: {
    kernel: clipScale.name,
    module,
    abi: 1,
    phases: ['clip_scale'],
    encode: ({ params: { max, gradientScale } }) => [cell(max, 'f32'), cell(gradientScale ?? 1, 'f32')],
    serial: () => true,
  } satisfies WasmKernel<ClipScaleParams>,
  fillState: {
    kernel: fillState.name,
    module,
    abi: 1,
    phases: ['fill_state'],
    select: rowMajor,
    encode: ({ inputs: [state], params: { value } }) => [elementCount(state!), cell(value, state!.format.element)],
    serial: elementwise(1),
  } satisfies WasmKernel<{ readonly value: Value }>,
  meanLoss: {
    kernel: meanLoss.name,
    module,
    abi: 1,
    phases: ['mean_loss'],
    select: rowMajor,
    encode: ({ inputs: [losses], params }) => [rowCell(params.rows, elementCount(losses!))],
    serial: () => true,
  } satisfies WasmKernel<RowParams>,
  sgdUpdate: {
    kernel: sgdUpdate.name,
    module,
    abi: 1,
    phases: ['sgd_update'],
    select: inputCount(3),
    encode: encodeSgd,
    serial: elementwise(7),
  } satisfies WasmKernel<SgdUpdateParams>,
  sgdUpdateScaled: {
    kernel: sgdUpdate.name,
    module,
    abi: 1,
    phases: ['sgd_update_scaled'],
    select: inputCount(4),
    encode: encodeSgd,
    serial: elementwise(7),
  } satisfies WasmKernel<SgdUpdateParams>,
  squareSum: {
    kernel: squareSum.name,
    module,
    abi: 1,
    phases: ['square_sum_parts', 'square_sum'],
    select: inputCount(1),
    encode: encodeSquareSum,
    workspace: squareSumBytes,
    serial: elementwise(1),
  } satisfies WasmKernel,
  squareSumAfter: {
    kernel: squareSum.name,
    module,
    abi: 1,
    phases: ['square_sum_after_parts', 'square_sum_after'],
    select: inputCount(2),
    encode: encodeSquareSum,
    workspace: squareSumBytes,
    serial: elementwise(1),
  } satisfies WasmKernel,
};

/** Where a kernel has several forms, the backend takes the first whose `select` agrees. */
export const optimizerWasmKernels: readonly AnyWasmKernel[] = Object.values(kernels);
