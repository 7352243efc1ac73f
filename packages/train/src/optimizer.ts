/** Optimizer steps as programs: the norm of all gradients and the factor that clips them, then the step. */
import { gradientName, isHiddenMatrix, listParameters, type ModelConfig, type ModelParameter } from '@yoco-u/model';
import type { Graph, Program, Scalar, Tensor } from '@yoco-u/spec';
import {
  adamwUpdate,
  clipScale,
  createGraph,
  f32,
  fillState,
  muonDirection,
  muonUpdate,
  orthogonalize,
  sgdUpdate,
  squareSum,
  tensorType,
} from '@yoco-u/tensor';

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

/** Muon on matrices of layers, AdamW on the rest: embedding, output head and vectors. One learning rate and decay for both. */
export interface MuonSettings extends Omit<AdamwSettings, 'kind'> {
  readonly kind: 'muon';
  /** Part of Muon's running mean that stays. */
  readonly momentum: number;
}

export type OptimizerSettings = AdamwSettings | MuonSettings | SgdSettings;

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

const momentPrefixes = { adamw: ['mean', 'variance'], muon: ['mean'], sgd: ['velocity'] } as const;

/** States that an optimizer keeps for a parameter, each of its shape. */
export function momentNames(optimizer: OptimizerSettings, parameter: ModelParameter): readonly string[] {
  return momentPrefixes[ruleOf(optimizer, parameter)].map((prefix) => `${prefix}.${parameter.name}`);
}

/** What steps a parameter. */
function ruleOf({ kind }: OptimizerSettings, parameter: ModelParameter): OptimizerSettings['kind'] {
  return kind !== 'muon' || isHiddenMatrix(parameter) ? kind : 'adamw';
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
  const recorders = recordersOf(graph, optimizer);
  for (const parameter of listParameters(config)) {
    const { name, shape } = parameter;
    const state = (of: string): Tensor => graph.declare('state', of, tensorType(f32, ...shape));
    const gradient = state(gradientName(name));
    const inputs = [state(name), ...momentNames(optimizer, parameter).map(state), gradient, scale];
    recorders[ruleOf(optimizer, parameter)]!(inputs, shape.length === 2 ? optimizer.weightDecay : 0);
    graph.call(fillState, [gradient], { value: 0 });
  }
  return graph.build({});
}

/** Records a step. Inputs: the parameter, its moments, its gradient and the factor on that. */
type StepRecorder = (inputs: readonly Tensor[], weightDecay: number) => void;

function recordersOf(
  graph: Graph,
  optimizer: OptimizerSettings,
): Readonly<Partial<Record<OptimizerSettings['kind'], StepRecorder>>> {
  switch (optimizer.kind) {
    case 'sgd':
      return { sgd: sgdRecorder(graph, optimizer) };
    case 'adamw':
      return { adamw: adamwRecorder(graph, optimizer) };
    case 'muon':
      return { adamw: adamwRecorder(graph, optimizer), muon: muonRecorder(graph, optimizer) };
  }
}

function adamwRecorder(graph: Graph, { beta1, beta2, eps }: Omit<AdamwSettings, 'kind'>): StepRecorder {
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

/**
 * Root mean square of a Muon step of learning rate 1, about that of AdamW's: learning rate and weight decay of the one do for
 * the other. An orthogonal matrix [m, n] has 1/√max(m, n). Liu et al. 2025 (arXiv 2502.16982), section 2.2.
 */
const muonStepSize = 0.2;

function muonRecorder(graph: Graph, { momentum }: MuonSettings): StepRecorder {
  const learningRate = graph.scalar(optimizerNames.learningRate, 'f32');
  return ([parameter, ...others], weightDecay) => {
    const [direction] = graph.call(muonDirection, others, { momentum });
    const factor = muonStepSize * Math.sqrt(Math.max(...parameter!.type.shape));
    const inputs = [parameter!, orthogonalize(graph, direction!)];
    graph.call(muonUpdate, inputs, { learningRate, weightDecay, factor });
  };
}

function sgdRecorder(graph: Graph, { momentum }: SgdSettings): StepRecorder {
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
