/** The kernels of gated retention for the WASM backend, with relaxed SIMD and without. */
import type { AnyWasmKernel, CallDescription, TensorType, WasmKernel, WasmWord } from '@yoco-u/spec';
import { decaySizesOf, retentionDecayBackward } from './decay-backward.ts';
import { gradientsModule } from './gradients.wasm.ts';
import { retentionKeyValueBackward } from './key-value-backward.ts';
import { retention } from './retention.ts';
import { retentionModule } from './retention.wasm.ts';
import { retentionParallel } from './retention-parallel.ts';
import { type RetentionParams, sizesOf } from './retention-shapes.ts';

const chunkRows = 32;

/** Calls below this many operations are done before another thread would have heard of them. */
const serialFlops = 32_768;

/** Bytes of a thread's part of the workspace; the layout is that of `assembly/scratch.ts`. */
function scratchBytes(headDim: number): number {
  const padded = Math.ceil(headDim / 8) * 8;
  const decays = 64 + 5 * 4 * chunkRows + 64 + 4 * chunkRows ** 2;
  return decays + 4 * padded * (5 * chunkRows + padded);
}

/** Words of a run's extents, as far as the tensors have room. */
function runWords({ segmentCount, rows }: RetentionParams, segments: TensorType, x: TensorType): WasmWord[] {
  return [
    { cell: segmentCount, type: 'i32', most: segments.shape[0]! },
    { cell: rows, type: 'i32', most: x.shape[0]! },
  ];
}

function encode({ inputs, params }: CallDescription<RetentionParams>): readonly WasmWord[] {
  const { heads, headDim } = sizesOf(inputs);
  return [...runWords(params, inputs[4]!, inputs[0]!), heads, headDim, { f32: 1 / Math.sqrt(headDim) }];
}

const common: Omit<WasmKernel<RetentionParams>, 'kernel' | 'phases'> = {
  abi: 1,
  module: retentionModule,
  encode,
  workspace: ({ inputs }, threads) => threads * scratchBytes(sizesOf(inputs).headDim),
  serial({ inputs }) {
    const { rows, heads, headDim } = sizesOf(inputs);
    return 4 * rows * heads * headDim ** 2 < serialFlops;
  },
};

const decayBackward: WasmKernel<RetentionParams> = {
  abi: 1,
  kernel: retentionDecayBackward.name,
  module: gradientsModule,
  phases: ['gated_retention_decay_backward'],
  encode({ inputs, params }) {
    const { heads, headDim } = decaySizesOf(inputs);
    return [...runWords(params, inputs[5]!, inputs[0]!), heads, headDim];
  },
  workspace: (_, threads) => 64 * threads,
  serial({ inputs }) {
    const { rows, heads, headDim } = decaySizesOf(inputs);
    return 4 * rows * heads * headDim < serialFlops;
  },
};

/**
 * All kernels, to be passed to the backend. The kernel with memory works by the recurrence where a segment has at most 8
 * rows, so that short runs give the bits of token by token; else in chunks of 32 rows, as the kernels without memory always
 * do, those of gradients too. Heads of segments are shared among the threads; a row's bits depend on its own segment only,
 * not on the number of threads or on what else a run holds.
 */
export const gatedRetentionWasmKernels: readonly AnyWasmKernel[] = [
  { ...common, kernel: retentionParallel.name, phases: ['gated_retention_parallel'] },
  { ...common, kernel: retention.name, phases: ['gated_retention'] },
  {
    ...common,
    module: gradientsModule,
    kernel: retentionKeyValueBackward.name,
    phases: ['gated_retention_key_value_backward'],
  },
  decayBackward,
] satisfies readonly WasmKernel<RetentionParams>[];
