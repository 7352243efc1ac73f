/** The gradients of the base kernels in WebAssembly. Argument words follow the comments in `assembly/`. */
import type { AnyWasmKernel, WasmKernel, WasmWord } from '@yoco-u/spec';
import {
  addRmsNormBackward,
  type EmbeddingGradientParams,
  elementCount,
  embeddingAccumulate,
  embeddingBackward,
  gatherRowsBackward,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  meanLossBackward,
  type RmsNormBackwardParams,
  type RowParams,
  rmsNormBackward,
  rotaryBackward,
  rowCount,
  swigluBackward,
  width,
} from '@yoco-u/tensor';
import {
  type Call,
  constantBytes,
  elementwise,
  encodeRows,
  inputCount,
  linearScratchBytes,
  outerProductScratchBytes,
  panelColumns,
  rowCell,
  rowMajor,
  rows,
  serialFlops,
  wideTiles,
} from './kernel-calls.ts';
import { trainingModule as module } from './training.wasm.ts';

/** Rows whose sums of weight gradients are kept apart; `assembly/norm-backward.ts` has the same. */
const normChunkRows = 32;

const product = ({ inputs: [a, b] }: Call<object>): boolean => 2 * elementCount(a!) * width(b!) < serialFlops;

const encodeProduct = ({ inputs: [gradient, other], params }: Call<RowParams>): readonly WasmWord[] => [
  rows(params, gradient!),
  width(gradient!),
  width(other!),
  wideTiles,
];

const weightGradient = {
  module,
  select: rowMajor,
  encode: encodeProduct,
  workspace: (_: Call<RowParams>, threads: number) => threads * outerProductScratchBytes,
  serial: product,
};

const scatterWords = (taken: WasmWord, table: number, columns: number, scale: number): readonly WasmWord[] => [
  taken,
  table,
  columns,
  { f32: scale },
];

const encodeNorm = ({ inputs: [x], params }: Call<RmsNormBackwardParams>): readonly WasmWord[] => [
  rows(params, x!),
  width(x!),
  params.group ?? width(x!),
  { f32: params.eps },
];
const normBytes = ({ inputs: [x], params }: Call<RmsNormBackwardParams>): number =>
  Math.ceil(rowCount(x!) / normChunkRows) * (params.group ?? width(x!)) * 4;

const kernels = {
  addRmsNormBackward: {
    kernel: addRmsNormBackward.name,
    module,
    abi: 1,
    phases: ['add_rms_norm_backward', 'rms_norm_backward_weight'],
    select: inputCount(3),
    encode: encodeNorm,
    workspace: normBytes,
    serial: elementwise(8),
  } satisfies WasmKernel<RmsNormBackwardParams>,
  addRmsNormBackwardBoth: {
    kernel: addRmsNormBackward.name,
    module,
    abi: 1,
    phases: ['add_rms_norm_backward_both', 'add_rms_norm_backward_both_weight'],
    select: inputCount(4),
    encode: encodeNorm,
    workspace: normBytes,
    serial: elementwise(8),
  } satisfies WasmKernel<RmsNormBackwardParams>,
  embeddingBackward: {
    kernel: embeddingBackward.name,
    module,
    abi: 1,
    phases: ['scatter_zero', 'scatter_rows'],
    select: rowMajor,
    encode: ({ inputs: [ids, gradient], outputs: [table], params }) =>
      scatterWords(rowCell(params.rows, elementCount(ids!)), rowCount(table!), width(gradient!), params.scale),
    serial: ({ inputs: [, gradient] }) => elementCount(gradient!) < serialFlops,
  } satisfies WasmKernel<EmbeddingGradientParams>,
  embeddingAccumulate: {
    kernel: embeddingAccumulate.name,
    module,
    abi: 1,
    phases: ['scatter_rows'],
    select: rowMajor,
    encode: ({ inputs: [ids, gradient, sum], params }) =>
      scatterWords(rowCell(params.rows, elementCount(ids!)), rowCount(sum!), width(gradient!), params.scale),
    serial: ({ inputs: [, gradient] }) => elementCount(gradient!) < serialFlops,
  } satisfies WasmKernel<EmbeddingGradientParams>,
  gatherRowsBackward: {
    kernel: gatherRowsBackward.name,
    module,
    abi: 1,
    phases: ['scatter_zero', 'scatter_gathered'],
    select: rowMajor,
    encode: ({ inputs: [gradient], outputs: [dx], params }) =>
      scatterWords(rows(params, gradient!), rowCount(dx!), width(gradient!), 1),
    serial: ({ outputs: [dx] }) => elementCount(dx!) < serialFlops,
  } satisfies WasmKernel<RowParams>,
  linearInputBackward: {
    kernel: linearInputBackward.name,
    module,
    abi: 1,
    phases: ['linear_input_backward_pack', 'linear_input_backward'],
    select: rowMajor,
    encode: encodeProduct,
    workspace: ({ inputs: [, weight] }, threads) =>
      threads * linearScratchBytes + rowCount(weight!) * panelColumns(width(weight!)) * 4,
    serial: product,
  } satisfies WasmKernel<RowParams>,
  linearWeightAccumulate: {
    kernel: linearWeightAccumulate.name,
    abi: 1,
    phases: ['linear_weight_accumulate'],
    ...weightGradient,
  } satisfies WasmKernel<RowParams>,
  linearWeightBackward: {
    kernel: linearWeightBackward.name,
    abi: 1,
    phases: ['linear_weight_backward'],
    ...weightGradient,
  } satisfies WasmKernel<RowParams>,
  meanLossBackward: {
    kernel: meanLossBackward.name,
    module,
    abi: 1,
    phases: ['mean_loss_backward'],
    select: rowMajor,
    encode: ({ inputs: [targets], params }) => [rowCell(params.rows, elementCount(targets!))],
    serial: () => true,
  } satisfies WasmKernel<RowParams>,
  rmsNormBackward: {
    kernel: rmsNormBackward.name,
    module,
    abi: 1,
    phases: ['rms_norm_backward', 'rms_norm_backward_weight'],
    select: inputCount(3),
    encode: encodeNorm,
    workspace: normBytes,
    serial: elementwise(8),
  } satisfies WasmKernel<RmsNormBackwardParams>,
  rmsNormBackwardPlain: {
    kernel: rmsNormBackward.name,
    module,
    abi: 1,
    phases: ['rms_norm_backward_plain'],
    select: inputCount(2),
    encode: encodeNorm,
    serial: elementwise(8),
  } satisfies WasmKernel<RmsNormBackwardParams>,
  rotaryBackward: {
    kernel: rotaryBackward.name,
    module,
    abi: 1,
    phases: ['rotary_backward'],
    select: rowMajor,
    encode: ({ inputs: [x, rotation], params }) => [rows(params, x!), width(x!) / width(rotation!), width(rotation!)],
    serial: elementwise(2),
  } satisfies WasmKernel<RowParams>,
  swigluBackward: {
    kernel: swigluBackward.name,
    module,
    abi: 1,
    phases: ['swiglu_backward'],
    select: rowMajor,
    encode: encodeRows,
    workspace: (_, threads) => threads * constantBytes,
    serial: elementwise(12),
  } satisfies WasmKernel<RowParams>,
};

/** Where a kernel has several forms, the backend takes the first whose `select` agrees. */
export const gradientWasmKernels: readonly AnyWasmKernel[] = Object.values(kernels);
