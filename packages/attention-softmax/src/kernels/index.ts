/** The kernels of softmax attention. */
import type { AnyKernel } from '@yoco-u/spec';
import { commitPages } from './commit-pages.ts';
import { commitRing } from './commit-ring.ts';
import { packBlocks } from './pack-blocks.ts';
import { packBlocksBackward } from './pack-blocks-backward.ts';
import { full, slidingWindow } from './remembering.ts';
import { softmax, softmaxPaged, softmaxRing } from './softmax.ts';
import { softmaxBackward } from './softmax-backward.ts';

export type { SegmentParams } from './checks.ts';
export type { PackBlocksParams } from './pack-blocks.ts';
export type { SoftmaxParams, SoftmaxRingParams } from './softmax.ts';
export {
  commitPages,
  commitRing,
  full,
  packBlocks,
  packBlocksBackward,
  slidingWindow,
  softmax,
  softmaxBackward,
  softmaxPaged,
  softmaxRing,
};

/** All kernels of this package, gradients included. */
export const softmaxAttentionKernels: readonly AnyKernel[] = [
  commitPages,
  commitRing,
  full,
  packBlocks,
  packBlocksBackward,
  slidingWindow,
  softmax,
  softmaxBackward,
  softmaxPaged,
  softmaxRing,
];
