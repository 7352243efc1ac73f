/** Optimizer steps as programs: the norm of all gradients and the factor that clips them, then the step. */
import { gradientName, listParameters, type ModelConfig } from '@yoco-u/model';
import type { Program, Scalar, Tensor } from '@yoco-u/spec';
import { adamwUpdate, clipScale, createGraph, f32, fillState, sgdUpdate, squareSum, tensorType } from '@yoco-u/tensor';

export interface AdamwSettings {
  readonly kind: 'adamw';
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** On matrices only. */
  readonly weightDecay: number;
}

export interface SgdSettings {
  readonly kind: 'sgd';
  readonly momentum: number;
  /** On matrices only. */
  readonly weightDecay: number;
}

export type OptimizerSettings = AdamwSettings | SgdSettings;

export interface OptimizerProgramOptions {
  readonly optimizer: OptimizerSettings;
  /** Largest norm of all gradients together. */
  readonly clip: number;
}

export interface OptimizerPrograms {
  /** Outputs `norm` and `scale`; changes nothing. */
  readonly norm: Program;
  /** Takes one step with the gradients times `scale`, then sets them to zero. */
  readonly step: Program;
}

/** Names of the programs' scalars, inputs and outputs. */
export const optimizerNames = {
  learningRate: 'learning_rate',
  /** 1 / runs that were added up. */
  gradientScale: 'gradient_scale',
  meanCorrection: 'mean_correction',
  varianceCorrection: 'variance_correction',
  /** f32 [1]: of the mean gradient, before clipping. */
  norm: 'norm',
  /** f32 [1]: what turns the sum of gradients into their clipped mean. */
  scale: 'gradient_factor',
} as const;

/** States that an optimizer keeps for a parameter, each of its shape. */
export function momentNames(optimizer: OptimizerSettings, parameter: string): readonly string[] {
  const prefixes = optimizer.kind === 'adamw' ? ['mean', 'variance'] : ['velocity'];
  return prefixes.map((prefix) => `${prefix}.${parameter}`);
}

export function recordOptimizer(config: ModelConfig, options: OptimizerProgramOptions): OptimizerPrograms {
  return { norm: recordNorm(config, options.clip), step: recordStep(config, options.optimizer) };
}

function recordNorm(config: ModelConfig, clip: number): Program {
  const graph = createGraph();
  let squares: Tensor | undefined;
  for (const { name, shape } of listParameters(config)) {
    const gradient = graph.declare('state', gradientName(name), tensorType(f32, ...shape));
    squares = graph.call(squareSum, squares === undefined ? [gradient] : [gradient, squares], {})[0]!;
  }
  const gradientScale = graph.scalar(optimizerNames.gradientScale, 'f32');
  const [scale, norm] = graph.call(clipScale, [squares!], { max: clip, gradientScale });
  return graph.build({ [optimizerNames.norm]: norm!, [optimizerNames.scale]: scale! });
}

function recordStep(config: ModelConfig, optimizer: OptimizerSettings): Program {
  const graph = createGraph();
  const scale = graph.declare('input', optimizerNames.scale, tensorType(f32, 1));
  const record = optimizer.kind === 'adamw' ? adamwRecorder(graph, optimizer) : sgdRecorder(graph, optimizer);
  for (const { name, shape } of listParameters(config)) {
    const state = (of: string): Tensor => graph.declare('state', of, tensorType(f32, ...shape));
    const gradient = state(gradientName(name));
    const inputs = [state(name), ...momentNames(optimizer, name).map(state), gradient, scale];
    record(inputs, shape.length === 2 ? optimizer.weightDecay : 0);
    graph.call(fillState, [gradient], { value: 0 });
  }
  return graph.build({});
}

type StepRecorder = (inputs: readonly Tensor[], weightDecay: number) => void;

function adamwRecorder(graph: ReturnType<typeof createGraph>, { beta1, beta2, eps }: AdamwSettings): StepRecorder {
  const scalar = (name: string): Scalar => graph.scalar(name, 'f32');
  const params = {
    beta1,
    beta2,
    eps,
    learningRate: scalar(optimizerNames.learningRate),
    meanCorrection: scalar(optimizerNames.meanCorrection),
    varianceCorrection: scalar(optimizerNames.varianceCorrection),
  };
  return (inputs, weightDecay) => void graph.call(adamwUpdate, inputs, { ...params, weightDecay });
}

function sgdRecorder(graph: ReturnType<typeof createGraph>, { momentum }: SgdSettings): StepRecorder {
  const learningRate = graph.scalar(optimizerNames.learningRate, 'f32');
  return (inputs, weightDecay) => void graph.call(sgdUpdate, inputs, { momentum, learningRate, weightDecay });
}

/** Values of the step program's scalars. `update` counts from 1. */
export function stepScalars(
  optimizer: OptimizerSettings,
  update: number,
  learningRate: number,
): Readonly<Record<string, number>> {
  const common = { [optimizerNames.learningRate]: learningRate };
  if (optimizer.kind === 'sgd') return common;
  return {
    ...common,
    [optimizerNames.meanCorrection]: 1 - optimizer.beta1 ** update,
    [optimizerNames.varianceCorrection]: 1 - optimizer.beta2 ** update,
  };
}
