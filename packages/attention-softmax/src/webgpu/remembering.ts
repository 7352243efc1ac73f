/**
 * Attention that keeps the rows of its run, for few rows: splits of the keys, which take the run's own rows from k and v as they are,
 * then the merging of these, which puts the rows into the memory beside. The bits of the kernels that this is fused of.
 */
import type { AnyWebGpuKernel, CallDescription, WebGpuBinding, WebGpuKernel } from '@yoco-u/spec';
import type { SoftmaxParams, SoftmaxRingParams } from '../kernels/index.ts';
import { blockAxes, blockLength } from '../layout.ts';
import { attendSplits, fewRows, int } from './attend.ts';
import { keepRowText } from './blocks.wgsl.ts';
import { addressText } from './wgsl.ts';

const segments: WebGpuBinding = { input: 3, element: 'vec4i' };
const rows = { k: { input: 1 }, v: { input: 2 } };
/** Of the splits: values are taken as memories are. */
const ownRows = { k: { input: 1, element: 'f32' }, v: { input: 2 } } as const;

const ofFewRows = ({ inputs: [q] }: CallDescription): true | string => q!.shape[0]! <= fewRows || 'many rows';

const slidingWindow: WebGpuKernel<SoftmaxRingParams> = {
  abi: 1,
  kernel: 'attention.sliding_window',
  select: ofFewRows,
  dispatches(call, device) {
    const axes = blockAxes(call.inputs[4]!);
    return attendSplits(
      call,
      {
        memory: { memories: ['ring', 'own'], ownOnly: false },
        axes,
        segments,
        bindings: { ...ownRows, ring: { input: 4 } },
        words: { ring_blocks: int(axes.blocks) },
        positions: call.params.window,
      },
      device,
      {
        functions: addressText('ring'),
        body: keepRowText('ring'),
        bindings: { ...rows, ring: { input: 4 } },
      },
    );
  },
};

const full: WebGpuKernel<SoftmaxParams> = {
  abi: 1,
  kernel: 'attention.full',
  select: ofFewRows,
  dispatches(call, device) {
    const pages = call.inputs[4]!.shape[1]!;
    const axes = blockAxes(call.inputs[5]!);
    const table = { page_table: { input: 4, element: 'i32' } } as const;
    return attendSplits(
      call,
      {
        memory: { memories: ['pool', 'own'], ownOnly: false },
        axes,
        segments,
        bindings: { ...ownRows, pool: { input: 5 }, ...table },
        words: { page_blocks: int(axes.blocks), pages_per_sequence: int(pages) },
        positions: pages * axes.blocks * blockLength,
      },
      device,
      {
        functions: addressText('pool'),
        body: keepRowText('pool'),
        bindings: { ...rows, pool: { input: 5 }, ...table },
      },
    );
  },
};

export const rememberingKernels: readonly AnyWebGpuKernel[] = [slidingWindow, full];
