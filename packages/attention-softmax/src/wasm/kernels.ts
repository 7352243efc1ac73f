/** How the WASM backend calls the module: argument words and workspace of every kernel. Words as in `assembly/`. */
import type { AnyWasmKernel, CallDescription, TensorType, WasmKernel, WasmWord } from '@yoco-u/spec';
import { byteLength, elementCount } from '@yoco-u/tensor';
import type { PackBlocksParams, SegmentParams, SoftmaxParams, SoftmaxRingParams } from '../kernels/index.ts';
import { blockAxes } from '../layout.ts';
import { attentionModule } from './attention.wasm.ts';

/** Calls that move fewer floats than this are not worth waking other threads for. */
const serialFloats = 8192;

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Bytes of a thread's scratch memory for heads of width `headDim`; `assembly/scratch.ts` and `assembly/memory.ts` lay it out. */
export function scratchBytes(headDim: number): number {
  const queries = 64 + 3968 + 32 * 4 * headDim;
  return align(align(queries) + 32 * 4 * Math.ceil(headDim / 8) * 8);
}

/** Bytes of a thread's scratch memory for gradients; `assembly/backward-scratch.ts` lays it out. */
export function backwardScratchBytes(headDim: number, threads: number): number {
  const padded = 4 * Math.ceil(headDim / 8) * 8;
  const tiles = 2 * 64 * 32 * 4 + padded * (4 * 32 + (headDim % 8 === 0 ? 0 : 3 * 64));
  return 256 + tiles + align(8 * threads);
}

/** Bytes that all threads share: two floats a query, as many as the statistics. */
function sharedBytes(statistics: TensorType): number {
  return align(byteLength(statistics));
}

/** Words of a run's extents. `x` has a row for each, [T, …]; absent where only blocks are moved. */
function runWords({ segmentCount, rows }: SegmentParams, segments: TensorType, x?: TensorType): WasmWord[] {
  return [
    { cell: segmentCount, type: 'i32', most: segments.shape[0]! },
    { cell: rows, type: 'i32', ...(x === undefined ? {} : { most: x.shape[0]! }) },
  ];
}

/** Words that all three attention kernels share: segment count · rows · D · G · H / G · window. */
function attentionWords([q, segments]: readonly TensorType[], memory: TensorType, params: SoftmaxParams): WasmWord[] {
  const { heads, headDim } = blockAxes(memory);
  const group = q!.shape[1]! / (heads * headDim);
  return [...runWords(params, segments!, q!), headDim, heads, group, params.window ?? 0];
}

function attentionWorkspace({ inputs }: CallDescription, threads: number): number {
  return threads * scratchBytes(blockAxes(inputs[2]!).headDim);
}

const softmax: WasmKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.softmax',
  module: attentionModule,
  phases: ['attention_softmax'],
  encode: ({ inputs, params }) => [...attentionWords(inputs, inputs[2]!, params), blockAxes(inputs[2]!).blocks],
  workspace: attentionWorkspace,
};

const softmaxRing: WasmKernel<SoftmaxRingParams> = {
  abi: 1,
  kernel: 'attention.softmax_ring',
  module: attentionModule,
  phases: ['attention_softmax_ring'],
  encode: ({ inputs, params }) => [
    ...attentionWords(inputs, inputs[2]!, params),
    blockAxes(inputs[2]!).blocks,
    blockAxes(inputs[3]!).blocks,
  ],
  workspace: attentionWorkspace,
};

const softmaxPaged: WasmKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.softmax_paged',
  module: attentionModule,
  phases: ['attention_softmax_paged'],
  encode: ({ inputs, params }) => [
    ...attentionWords(inputs, inputs[2]!, params),
    blockAxes(inputs[2]!).blocks,
    inputs[3]!.shape[1]!,
  ],
  workspace: attentionWorkspace,
};

function packKernel(ring: boolean): WasmKernel<PackBlocksParams> {
  return {
    abi: 1,
    kernel: 'attention.pack_blocks',
    module: attentionModule,
    phases: [ring ? 'attention_pack_blocks_ring' : 'attention_pack_blocks'],
    select: ({ inputs }) => (inputs.length === 4) === ring || `takes ${ring ? 'a' : 'no'} ring`,
    encode({ inputs, outputs, params }) {
      const { heads, blocks, headDim } = blockAxes(outputs[0]!);
      const words = [...runWords(params, inputs[2]!, inputs[0]!), headDim, heads, blocks];
      return ring ? [...words, blockAxes(inputs[3]!).blocks] : words;
    },
    serial: ({ inputs: [k] }) => elementCount(k!) < serialFloats,
  };
}

const packBackward: WasmKernel<SegmentParams> = {
  abi: 1,
  kernel: 'attention.pack_blocks_backward',
  module: attentionModule,
  phases: ['attention_pack_blocks_backward'],
  encode({ inputs: [fresh, segments], outputs: [k], params }) {
    const { heads, blocks, headDim } = blockAxes(fresh!);
    return [...runWords(params, segments!, k!), headDim, heads, blocks];
  },
  serial: ({ outputs: [k] }) => elementCount(k!) < serialFloats,
};

const softmaxBackward: WasmKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.softmax_backward',
  module: attentionModule,
  phases: ['attention_softmax_backward', 'attention_softmax_backward_keys'],
  encode: ({ inputs, params }) => [
    ...attentionWords(inputs, inputs[2]!, params),
    blockAxes(inputs[2]!).blocks,
    sharedBytes(inputs[4]!),
  ],
  workspace: ({ inputs: [, , fresh, , statistics] }, threads) =>
    sharedBytes(statistics!) + threads * backwardScratchBytes(blockAxes(fresh!).headDim, threads),
};

const commitRing: WasmKernel<SegmentParams> = {
  abi: 1,
  kernel: 'attention.commit_ring',
  module: attentionModule,
  phases: ['attention_commit_ring'],
  encode({ inputs: [fresh, segments, ring], params }) {
    const { heads, blocks, headDim } = blockAxes(fresh!);
    return [...runWords(params, segments!), headDim, heads, blocks, blockAxes(ring!).blocks];
  },
  serial: ({ inputs: [fresh] }) => elementCount(fresh!) < serialFloats * 2,
};

const commitPages: WasmKernel<SegmentParams> = {
  abi: 1,
  kernel: 'attention.commit_pages',
  module: attentionModule,
  phases: ['attention_commit_pages'],
  encode({ inputs: [k, , segments, table, pool], params }) {
    const { heads, blocks, headDim } = blockAxes(pool!);
    return [...runWords(params, segments!, k!), headDim, heads, blocks, table!.shape[1]!];
  },
  serial: ({ inputs: [k] }) => elementCount(k!) < serialFloats,
};

/** All kernels of this package, gradients included. */
export const softmaxWasmKernels: readonly AnyWasmKernel[] = [
  softmax,
  softmaxRing,
  softmaxPaged,
  packKernel(false),
  packKernel(true),
  packBackward,
  softmaxBackward,
  commitRing,
  commitPages,
];
