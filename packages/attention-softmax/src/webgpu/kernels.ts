/** How the WebGPU backend runs the kernels: bindings, uniforms and extents of every dispatch. Texts are in `*.wgsl.ts`. */
import type { AnyWebGpuKernel, TensorType, WebGpuBinding, WebGpuKernel } from '@yoco-u/spec';
import type { PackBlocksParams, SegmentParams, SoftmaxParams } from '../kernels/index.ts';
import { blockAxes, blockLength } from '../layout.ts';
import { attend, groups, int, runWords, type Uniforms, type ValueOf } from './attend.ts';
import { keyGradientText, queryGradientText } from './backward.wgsl.ts';
import { commitPagesText, commitRingText, packBlocksBackwardText, packBlocksText } from './blocks.wgsl.ts';
import { rememberingKernels } from './remembering.ts';
import { headShape } from './wgsl.ts';

const segments: WebGpuBinding = { input: 1, element: 'vec4i' };

/** The number of positions that fresh blocks of this run have, as invocations. */
function freshPositions({ segmentCount, rows }: SegmentParams): (value: ValueOf) => number {
  return (value) => blockLength * (Math.ceil(value(rows) / blockLength) + 2 * value(segmentCount));
}

const softmax: WebGpuKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.softmax',
  dispatches: (call, device) =>
    attend(
      call,
      {
        memory: { memories: ['fresh'], ownOnly: true },
        axes: blockAxes(call.inputs[2]!),
        segments,
        bindings: { fresh: { input: 2 } },
        words: { fresh_blocks: int(blockAxes(call.inputs[2]!).blocks) },
        positions: undefined,
      },
      device,
      true,
    ),
};

const softmaxRing: WebGpuKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.softmax_ring',
  dispatches: (call, device) =>
    attend(
      call,
      {
        memory: { memories: ['ring', 'fresh'], ownOnly: false },
        axes: blockAxes(call.inputs[3]!),
        segments,
        bindings: { fresh: { input: 2 }, ring: { input: 3 } },
        words: {
          fresh_blocks: int(blockAxes(call.inputs[2]!).blocks),
          ring_blocks: int(blockAxes(call.inputs[3]!).blocks),
        },
        positions: call.params.window ?? 0,
      },
      device,
      false,
    ),
};

const softmaxPaged: WebGpuKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.softmax_paged',
  dispatches: (call, device) => {
    const axes = blockAxes(call.inputs[2]!);
    const pages = call.inputs[3]!.shape[1]!;
    return attend(
      call,
      {
        memory: { memories: ['pool'], ownOnly: false },
        axes,
        segments,
        bindings: { pool: { input: 2 }, page_table: { input: 3, element: 'i32' } },
        words: { page_blocks: int(axes.blocks), pages_per_sequence: int(pages) },
        positions: pages * axes.blocks * blockLength,
      },
      device,
      false,
    );
  },
};

/** Uniforms of fresh blocks. */
function freshWords(fresh: TensorType, params: SegmentParams): Uniforms {
  const { heads, blocks } = blockAxes(fresh);
  return { ...runWords(params), key_value_heads: int(heads), fresh_blocks: int(blocks) };
}

const packBlocks: WebGpuKernel<PackBlocksParams> = {
  abi: 1,
  kernel: 'attention.pack_blocks',
  dispatches({ inputs, outputs: [fresh], params }) {
    const { heads, headDim } = blockAxes(fresh!);
    const ring = inputs[3];
    const stored: Readonly<Record<string, WebGpuBinding>> = ring === undefined ? {} : { ring: { input: 3 } };
    const words: Uniforms = ring === undefined ? {} : { ring_blocks: int(blockAxes(ring).blocks) };
    const positions = freshPositions(params);
    return [
      {
        code: packBlocksText(headDim, ring !== undefined),
        bindings: {
          k: { input: 0 },
          v: { input: 1 },
          segments: { input: 2, element: 'vec4i' },
          ...stored,
          fresh: { output: 0 },
        },
        uniforms: { ...freshWords(fresh!, params), ...words },
        workgroups: (value) => [groups(positions(value), 64), heads],
      },
    ];
  },
};

const packBlocksBackward: WebGpuKernel<SegmentParams> = {
  abi: 1,
  kernel: 'attention.pack_blocks_backward',
  dispatches({ inputs: [fresh], params }) {
    const { heads, headDim } = blockAxes(fresh!);
    return [
      {
        code: packBlocksBackwardText(headDim),
        bindings: { fresh: { input: 0 }, segments, keys: { output: 0 }, values: { output: 1 } },
        uniforms: freshWords(fresh!, params),
        workgroups: (value) => [groups(value(params.rows), 64), heads],
      },
    ];
  },
};

const softmaxBackward: WebGpuKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.softmax_backward',
  dispatches({ inputs: [q, , fresh], params }) {
    const { heads: keyValueHeads, headDim } = blockAxes(fresh!);
    const heads = q!.shape[1]! / headDim;
    const shape = headShape(headDim);
    const { element } = shape;
    const uniforms: Uniforms = {
      ...freshWords(fresh!, params),
      group: int(heads / keyValueHeads),
      window: int(params.window ?? 0),
      scale: { f32: 1 / Math.sqrt(headDim) },
    };
    const statistics: WebGpuBinding = { input: 4, element: 'vec2f' };
    const means: WebGpuBinding = { scratch: 'means', bytes: 4 * q!.shape[0]! * heads, element: 'f32' };
    const positions = freshPositions(params);
    return [
      {
        code: queryGradientText(shape),
        bindings: {
          q: { input: 0 },
          segments,
          fresh: { input: 2, element },
          out: { input: 3, element },
          statistics,
          gradient: { input: 5, element },
          of_queries: { output: 0 },
          means,
        },
        uniforms,
        workgroups: (value) => [groups(value(params.rows), 64), heads],
      },
      {
        code: keyGradientText(shape),
        bindings: {
          q: { input: 0 },
          segments,
          fresh: { input: 2 },
          statistics,
          gradient: { input: 5 },
          means,
          of_fresh: { output: 1 },
        },
        uniforms,
        workgroups: (value) => [groups(positions(value), 64), keyValueHeads],
      },
    ];
  },
};

const commitRing: WebGpuKernel<SegmentParams> = {
  abi: 1,
  kernel: 'attention.commit_ring',
  dispatches({ inputs: [fresh, , ring], params }) {
    const { heads, headDim } = blockAxes(fresh!);
    return [
      {
        code: commitRingText(headDim),
        bindings: { fresh: { input: 0 }, segments, ring: { input: 2 } },
        uniforms: { ...freshWords(fresh!, params), ring_blocks: int(blockAxes(ring!).blocks) },
        workgroups: (value) => [groups(value(params.rows), 64), heads],
      },
    ];
  },
};

const commitPages: WebGpuKernel<SegmentParams> = {
  abi: 1,
  kernel: 'attention.commit_pages',
  dispatches({ inputs: [, , , table, pool], params }) {
    const { heads, blocks, headDim } = blockAxes(pool!);
    return [
      {
        code: commitPagesText(headDim),
        bindings: {
          k: { input: 0 },
          v: { input: 1 },
          segments: { input: 2, element: 'vec4i' },
          page_table: { input: 3 },
          pool: { input: 4 },
        },
        uniforms: {
          ...runWords(params),
          key_value_heads: int(heads),
          page_blocks: int(blocks),
          pages_per_sequence: int(table!.shape[1]!),
        },
        workgroups: (value) => [groups(value(params.rows), 64), heads],
      },
    ];
  },
};

/** All kernels of this package, gradients included. */
export const softmaxWebGpuKernels: readonly AnyWebGpuKernel[] = [
  softmax,
  softmaxRing,
  softmaxPaged,
  packBlocks,
  packBlocksBackward,
  softmaxBackward,
  commitRing,
  commitPages,
  ...rememberingKernels,
];
