/** What Muon is made of, in WebAssembly. Argument words follow the comments in `assembly/muon.ts` and `assembly/gram.ts`. */
import type { AnyWasmKernel, WasmKernel, WasmWord } from '@yoco-u/spec';
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
import {
  type Call,
  cell,
  elementwise,
  inputCount,
  linearScratchBytes,
  panelColumns,
  rowMajor,
  serialFlops,
  wideTiles,
} from './kernel-calls.ts';
import { trainingModule as module } from './training.wasm.ts';

const encodeDirection = ({ inputs: [mean], params }: Call<MuonDirectionParams>): readonly WasmWord[] => [
  elementCount(mean!),
  cell(params.momentum, 'f32'),
  cell(params.gradientScale ?? 1, 'f32'),
];

const encodeMatrix = ({ inputs: [x] }: Call<object>): readonly WasmWord[] => [rowCount(x!), width(x!)];

const kernels = {
  gram: {
    kernel: gram.name,
    module,
    abi: 1,
    phases: ['gram_pack', 'gram_lower', 'gram_mirror'],
    select: rowMajor,
    encode: (call) => [...encodeMatrix(call), wideTiles],
    workspace: ({ inputs: [x] }, threads) => threads * linearScratchBytes + panelColumns(rowCount(x!)) * width(x!) * 4,
    serial: ({ inputs: [x] }) => rowCount(x!) * elementCount(x!) < serialFlops,
  } satisfies WasmKernel,
  muonDirection: {
    kernel: muonDirection.name,
    module,
    abi: 1,
    phases: ['muon_direction'],
    select: inputCount(2),
    encode: encodeDirection,
    serial: elementwise(6),
  } satisfies WasmKernel<MuonDirectionParams>,
  muonDirectionScaled: {
    kernel: muonDirection.name,
    module,
    abi: 1,
    phases: ['muon_direction_scaled'],
    select: inputCount(3),
    encode: encodeDirection,
    serial: elementwise(6),
  } satisfies WasmKernel<MuonDirectionParams>,
  muonUpdate: {
    kernel: muonUpdate.name,
    module,
    abi: 1,
    phases: ['muon_update'],
    select: rowMajor,
    encode: ({ inputs: [parameter], params: { learningRate, weightDecay, factor } }) => [
      elementCount(parameter!),
      ...[learningRate, weightDecay, factor].map((value) => cell(value, 'f32')),
    ],
    serial: elementwise(5),
  } satisfies WasmKernel<MuonUpdateParams>,
  newtonSchulz: {
    kernel: newtonSchulz.name,
    module,
    abi: 1,
    phases: ['newton_schulz'],
    select: rowMajor,
    encode: ({ inputs: [gram], params }) => [rowCount(gram!), ...params.coefficients.map((value) => ({ f32: value }))],
    serial: elementwise(3),
  } satisfies WasmKernel<NewtonSchulzParams>,
  normalize: {
    kernel: normalize.name,
    module,
    abi: 1,
    phases: ['normalize'],
    select: rowMajor,
    encode: ({ inputs: [x] }) => [elementCount(x!)],
    serial: elementwise(1),
  } satisfies WasmKernel,
  transpose: {
    kernel: transpose.name,
    module,
    abi: 1,
    phases: ['transpose'],
    select: rowMajor,
    encode: encodeMatrix,
    serial: elementwise(1),
  } satisfies WasmKernel,
};

/** Where a kernel has several forms, the backend takes the first whose `select` agrees. */
export const muonWasmKernels: readonly AnyWasmKernel[] = Object.values(kernels);
