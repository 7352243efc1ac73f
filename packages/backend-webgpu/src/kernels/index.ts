/** The base kernels of `@yoco-u/tensor` in WGSL. Where a kernel has several forms, the first whose `select` agrees is taken. */
import type { AnyWebGpuKernel } from '@yoco-u/spec';
import { crossEntropyKernels } from './cross-entropy.ts';
import { elementwiseKernels } from './elementwise.ts';
import { gatedFeedForwardKernels } from './gated-feed-forward.ts';
import { linearKernels } from './linear.ts';
import { linearHeadsKernels } from './linear-heads.ts';
import { muonKernels } from './muon.ts';
import { normKernels } from './norms.ts';
import { optimizerKernels } from './optimizers.ts';
import { rowKernels } from './rows.ts';
import { topKKernels } from './top-k.ts';

export const baseWebGpuKernels: readonly AnyWebGpuKernel[] = [
  ...elementwiseKernels,
  ...rowKernels,
  ...normKernels,
  ...linearKernels,
  ...gatedFeedForwardKernels,
  ...linearHeadsKernels,
  ...crossEntropyKernels,
  ...topKKernels,
  ...optimizerKernels,
  ...muonKernels,
];
