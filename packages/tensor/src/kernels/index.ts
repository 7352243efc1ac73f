/** The base kernels: what every model needs, attention left out. */
import type { AnyKernel } from '@yoco-u/spec';
import { accumulate } from './accumulate.ts';
import { add } from './add.ts';
import { clipScale, squareSum } from './clip.ts';
import { embedding } from './embedding.ts';
import { embeddingAccumulate, embeddingBackward } from './embedding-backward.ts';
import { fill } from './fill.ts';
import { fillState } from './fill-state.ts';
import { addRmsNormSwiglu } from './gated-feed-forward.ts';
import { gatherRows, gatherRowsBackward } from './gather-rows.ts';
import { linear } from './linear.ts';
import { linearAdd } from './linear-add.ts';
import { linearInputBackward, linearWeightAccumulate, linearWeightBackward } from './linear-backward.ts';
import { linearCrossEntropy } from './linear-cross-entropy.ts';
import { linearCrossEntropyAccumulate, linearCrossEntropyBackward } from './linear-cross-entropy-backward.ts';
import {
  type HeadsPlaces,
  type HeadsProduct,
  type LinearHeadsParams,
  linearHeads,
  type ProductPlaces,
  type ProjectHeadsOptions,
  placesOfHeads,
  projectHeads,
} from './linear-heads.ts';
import { meanLoss, meanLossBackward } from './mean-loss.ts';
import { gram, muonDirection, muonUpdate, newtonSchulz, normalize, transpose } from './muon.ts';
import { adamwUpdate, sgdUpdate } from './optimizers.ts';
import { addRmsNorm, rmsNorm } from './rms-norm.ts';
import { addRmsNormBackward, rmsNormBackward } from './rms-norm-backward.ts';
import { rmsNormSwiglu } from './rms-norm-swiglu.ts';
import { rotary, rotaryBackward } from './rotary.ts';
import { scale } from './scale.ts';
import { swiglu, swigluBackward } from './swiglu.ts';
import { mostTopK, topK } from './top-k.ts';

export { type RowParams, rowsOf } from './checks.ts';
export type { ClipScaleParams } from './clip.ts';
export type { EmbeddingParams } from './embedding.ts';
export type { EmbeddingBackwardParams, EmbeddingGradientParams } from './embedding-backward.ts';
export type { GatherRowsBackwardParams } from './gather-rows.ts';
export type { MuonDirectionParams, MuonUpdateParams, NewtonSchulzParams } from './muon.ts';
export type { AdamwUpdateParams, OptimizerParams, SgdUpdateParams } from './optimizers.ts';
export type { RmsNormParams } from './rms-norm.ts';
export type { RmsNormBackwardParams } from './rms-norm-backward.ts';
export type { ScaleParams } from './scale.ts';
export type { TopKParams } from './top-k.ts';
export {
  accumulate,
  adamwUpdate,
  add,
  addRmsNorm,
  addRmsNormBackward,
  addRmsNormSwiglu,
  clipScale,
  embedding,
  embeddingAccumulate,
  embeddingBackward,
  fill,
  fillState,
  gatherRows,
  gatherRowsBackward,
  gram,
  type HeadsPlaces,
  type HeadsProduct,
  type LinearHeadsParams,
  linear,
  linearAdd,
  linearCrossEntropy,
  linearCrossEntropyAccumulate,
  linearCrossEntropyBackward,
  linearHeads,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  meanLoss,
  meanLossBackward,
  mostTopK,
  muonDirection,
  muonUpdate,
  newtonSchulz,
  normalize,
  type ProductPlaces,
  type ProjectHeadsOptions,
  placesOfHeads,
  projectHeads,
  rmsNorm,
  rmsNormBackward,
  rmsNormSwiglu,
  rotary,
  rotaryBackward,
  scale,
  sgdUpdate,
  squareSum,
  swiglu,
  swigluBackward,
  topK,
  transpose,
};

/** All base kernels, for backends and conformance suites. */
export const baseKernels: readonly AnyKernel[] = [
  accumulate,
  adamwUpdate,
  add,
  addRmsNorm,
  addRmsNormBackward,
  addRmsNormSwiglu,
  clipScale,
  embedding,
  embeddingAccumulate,
  embeddingBackward,
  fill,
  fillState,
  gatherRows,
  gatherRowsBackward,
  gram,
  linear,
  linearAdd,
  linearCrossEntropy,
  linearCrossEntropyAccumulate,
  linearCrossEntropyBackward,
  linearHeads,
  linearInputBackward,
  linearWeightAccumulate,
  linearWeightBackward,
  meanLoss,
  meanLossBackward,
  muonDirection,
  muonUpdate,
  newtonSchulz,
  normalize,
  rmsNorm,
  rmsNormBackward,
  rmsNormSwiglu,
  rotary,
  rotaryBackward,
  scale,
  sgdUpdate,
  squareSum,
  swiglu,
  swigluBackward,
  topK,
  transpose,
];
