/** The base kernels of `@yoco-u/tensor` in WebAssembly. Argument words follow the comments in `assembly/`. */
import type { AnyWasmKernel, TensorType, WasmKernel, WasmWord } from '@yoco-u/spec';
import {
  add,
  addRmsNorm,
  type EmbeddingParams,
  elementCount,
  embedding,
  f32,
  f32Panels8,
  fill,
  gatherRows,
  linear,
  linearCrossEntropy,
  type RmsNormParams,
  type RowParams,
  rmsNorm,
  rotary,
  rowCount,
  type ScaleParams,
  scale,
  swiglu,
  type TopKParams,
  topK,
  width,
} from '@yoco-u/tensor';
import { crossEntropyBackwardWasmKernels } from './cross-entropy-backward-kernels.ts';
import { gradientWasmKernels } from './gradient-kernels.ts';
import {
  type Call,
  cell,
  constantBytes,
  elementwise,
  encodeRows,
  input,
  linearScratchBytes,
  panelColumns,
  rowCell,
  rowMajor,
  rows,
  serialFlops,
  stored,
  wideTiles,
} from './kernel-calls.ts';
import { kernelsModule as module } from './kernels.wasm.ts';
import { muonWasmKernels } from './muon-kernels.ts';
import { optimizerWasmKernels } from './optimizer-kernels.ts';

/** Constants, scratch of linear, statistics of 32 rows, 32 x 256 logits; `assembly/cross-entropy.ts` has the same. */
const crossEntropyBytes = constantBytes + linearScratchBytes + 32 * 16 + 32 * 256 * 4;

function encodeLinear({ inputs, params }: Call<RowParams>): readonly WasmWord[] {
  const [x, weight] = inputs;
  return [rows(params, x!), width(x!), rowCount(weight!), wideTiles];
}

const packedBytes = (weight: TensorType): number => panelColumns(rowCount(weight)) * width(weight) * 4;
const serialProduct = ({ inputs: [x, weight] }: Call<object>): boolean =>
  2 * elementCount(x!) * rowCount(weight!) < serialFlops;

function encodeEmbedding({ inputs, params }: Call<EmbeddingParams>): readonly WasmWord[] {
  const [ids, table] = inputs;
  return [rowCell(params.rows, elementCount(ids!)), rowCount(table!), width(table!), cell(params.scale, 'f32')];
}

function encodeNorm({ inputs: [x], params }: Call<RmsNormParams>): readonly WasmWord[] {
  return [rows(params, x!), width(x!), params.group ?? width(x!), { f32: params.eps }];
}

const kernels = {
  add: {
    abi: 1,
    kernel: add.name,
    module,
    phases: ['add'],
    select: rowMajor,
    encode: encodeRows,
    serial: elementwise(1),
  } satisfies WasmKernel<RowParams>,
  addRmsNorm: {
    abi: 1,
    kernel: addRmsNorm.name,
    module,
    phases: ['add_rms_norm'],
    select: rowMajor,
    encode: (call) => [...encodeRows(call), { f32: call.params.eps }],
    serial: elementwise(12),
  } satisfies WasmKernel<RowParams & { readonly eps: number }>,
  embeddingPanels: {
    abi: 1,
    kernel: embedding.name,
    module,
    phases: ['embedding_panels'],
    select: stored(1, f32Panels8.name),
    encode: encodeEmbedding,
    serial: ({ outputs }) => 2 * elementCount(outputs[0]!) < serialFlops,
  } satisfies WasmKernel<EmbeddingParams>,
  embedding: {
    abi: 1,
    kernel: embedding.name,
    module,
    phases: ['embedding'],
    select: stored(1, f32.name),
    encode: encodeEmbedding,
    serial: ({ outputs }) => elementCount(outputs[0]!) < serialFlops,
  } satisfies WasmKernel<EmbeddingParams>,
  fill: {
    abi: 1,
    kernel: fill.name,
    module,
    phases: ['fill'],
    encode: ({ outputs: [y], params: { type, value } }) => [
      elementCount(y!),
      type.format.element === 'i32' ? value : { f32: value },
    ],
    serial: ({ outputs }) => elementCount(outputs[0]!) < serialFlops,
  } satisfies WasmKernel<{ readonly type: TensorType; readonly value: number }>,
  gatherRows: {
    abi: 1,
    kernel: gatherRows.name,
    module,
    phases: ['gather_rows'],
    select: rowMajor,
    encode: ({ inputs: [x], outputs: [y], params }) => [rows(params, y!), rowCount(x!), width(x!)],
    serial: ({ outputs }) => elementCount(outputs[0]!) < serialFlops,
  } satisfies WasmKernel<RowParams>,
  linearPanels: {
    abi: 1,
    kernel: linear.name,
    module,
    phases: ['linear'],
    select: stored(1, f32Panels8.name),
    encode: encodeLinear,
    workspace: (_, threads) => threads * linearScratchBytes,
    serial: serialProduct,
  } satisfies WasmKernel<RowParams>,
  linear: {
    abi: 1,
    kernel: linear.name,
    module,
    phases: ['linear_pack', 'linear_packed'],
    select: stored(1, f32.name),
    encode: encodeLinear,
    workspace: (call, threads) => threads * linearScratchBytes + packedBytes(input(call, 1)),
    serial: serialProduct,
  } satisfies WasmKernel<RowParams>,
  linearCrossEntropyPanels: {
    abi: 1,
    kernel: linearCrossEntropy.name,
    module,
    phases: ['linear_cross_entropy'],
    select: stored(1, f32Panels8.name),
    encode: encodeLinear,
    workspace: (_, threads) => threads * crossEntropyBytes,
    serial: serialProduct,
  } satisfies WasmKernel<RowParams>,
  linearCrossEntropy: {
    abi: 1,
    kernel: linearCrossEntropy.name,
    module,
    phases: ['linear_cross_entropy_pack', 'linear_cross_entropy_packed'],
    select: stored(1, f32.name),
    encode: encodeLinear,
    workspace: (call, threads) => threads * crossEntropyBytes + packedBytes(input(call, 1)),
    serial: serialProduct,
  } satisfies WasmKernel<RowParams>,
  rmsNorm: {
    abi: 1,
    kernel: rmsNorm.name,
    module,
    phases: ['rms_norm'],
    select: (call) => (call.inputs.length === 2 ? rowMajor(call) : 'without a weight'),
    encode: encodeNorm,
    serial: elementwise(9),
  } satisfies WasmKernel<RmsNormParams>,
  rmsNormPlain: {
    abi: 1,
    kernel: rmsNorm.name,
    module,
    phases: ['rms_norm_plain'],
    select: (call) => (call.inputs.length === 1 ? rowMajor(call) : 'with a weight'),
    encode: encodeNorm,
    serial: elementwise(9),
  } satisfies WasmKernel<RmsNormParams>,
  rotary: {
    abi: 1,
    kernel: rotary.name,
    module,
    phases: ['rotary'],
    select: rowMajor,
    encode: ({ inputs: [x, rotation], params }) => [rows(params, x!), width(x!) / width(rotation!), width(rotation!)],
    serial: elementwise(2),
  } satisfies WasmKernel<RowParams>,
  scale: {
    abi: 1,
    kernel: scale.name,
    module,
    phases: ['scale'],
    select: rowMajor,
    encode: (call) => [...encodeRows(call), cell(call.params.factor, 'f32')],
    serial: elementwise(1),
  } satisfies WasmKernel<ScaleParams>,
  swiglu: {
    abi: 1,
    kernel: swiglu.name,
    module,
    phases: ['swiglu'],
    select: rowMajor,
    encode: encodeRows,
    workspace: (_, threads) => threads * constantBytes,
    serial: elementwise(10),
  } satisfies WasmKernel<RowParams>,
  topK: {
    abi: 1,
    kernel: topK.name,
    module,
    phases: ['top_k_lists', 'top_k'],
    encode: ({ inputs: [x], params }) => [
      rows(params, x!),
      width(x!),
      params.among ?? width(x!),
      params.k,
      cell(params.count ?? params.k),
    ],
    // a list for each row and thread; `assembly/top-k.ts` has the same
    workspace: ({ inputs: [x], params: { k } }, threads) => rowCount(x!) * threads * (8 + 8 * k),
    serial: elementwise(2),
  } satisfies WasmKernel<TopKParams>,
};

/** Where a kernel has several forms, the backend takes the first whose `select` agrees. */
export const baseWasmKernels: readonly AnyWasmKernel[] = [
  ...Object.values(kernels),
  ...gradientWasmKernels,
  ...crossEntropyBackwardWasmKernels,
  ...optimizerWasmKernels,
  ...muonWasmKernels,
];
