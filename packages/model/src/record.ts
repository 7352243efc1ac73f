/**
 * Records a model as a program: one recorder for training, scoring, prefill and decode. What differs is whether the program
 * keeps state, how many rows it takes, and which rows' results are wanted.
 */
import {
  type AttentionScope,
  type Graph,
  type Program,
  type RowBatch,
  type Scalar,
  ShapeError,
  type StateCapacity,
  type StorageFormat,
  type Tensor,
} from '@yoco-u/spec';
import {
  add,
  addRmsNorm,
  addRmsNormSwiglu,
  createGraph,
  embedding,
  f32,
  gatherRows,
  i32,
  linear,
  linearAdd,
  linearCrossEntropy,
  rmsNorm,
  tensorType,
  topK,
} from '@yoco-u/tensor';
import { checkResult, createScope, whereOf } from './attention-scope.ts';
import type { LayerAttention, ModelConfig, StageConfig } from './config.ts';
import { embeddingName, finalNormName, headName, layerPrefix, listParameters, stagePrefix } from './parameters.ts';
import { layerStateName, listStates, type MemoryShape, pagesPerSequence, stageStateName, stateType } from './states.ts';

/** Names of a program's inputs, scalars and outputs. */
export const names = {
  /** i32 [maxRows] */
  tokens: 'tokens',
  /** i32 [maxSegments, 4], see `RowBatch.segments` */
  segments: 'segments',
  /** f32 [maxRows, D]; only where a stage rotates */
  rotation: 'rotation',
  /** i32 [slots, pages a sequence]; only with memory */
  pageTable: 'page_table',
  /** i32 [maxOutputs]: rows whose results are wanted; only with `outputs` a number */
  outputRows: 'output_rows',
  /** i32 [maxSegments, 4]: the wanted rows as segments of their own; only with `outputs` a number */
  outputSegments: 'output_segments',
  /** i32 [maxOutputs]; only with head `loss` */
  targets: 'targets',
  /** f32 [maxOutputs, V]; head `logits` */
  logits: 'logits',
  /** f32 [maxOutputs, k, 2]: pairs of a logit and its id, best first; only with `best` */
  best: 'best',
  /** f32 [maxOutputs]; head `loss` */
  losses: 'losses',
  /** f32 [1]: the mean of the losses; training */
  loss: 'loss',
  rows: 'rows',
  segmentCount: 'segment_count',
  outputCount: 'output_count',
  outputSegmentCount: 'output_segment_count',
  longest: 'longest',
  outputLongest: 'output_longest',
  /** How many of the best logits of each wanted row a run picks, 0 to k; only with `best` */
  bestCount: 'best_count',
} as const;

/** One application of a layer: a looped stage applies each of its layers once an iteration. */
export interface LayerApplication {
  readonly stage: number;
  readonly iteration: number;
  readonly layer: number;
}

export interface ForwardOptions {
  /** Most rows (tokens) of a run. */
  readonly maxRows: number;
  /** Most segments (runs of consecutive positions of one sequence) of a run. */
  readonly maxSegments: number;
  /** Rows whose results are wanted: all, or at most this many, listed in the input `output_rows`. */
  readonly outputs: 'all' | number;
  /** `logits` of the wanted rows, or their cross-entropy `losses` given `targets`. */
  readonly head: 'logits' | 'loss';
  /** Picks the `k` best of the first `among` logits of each wanted row besides: `top_k`. */
  readonly best?: { readonly k: number; readonly among: number };
  /** The states' sizes; absent, the program keeps no state and sees only its own rows. */
  readonly memory?: MemoryShape;
  /** The format of matrices: `Backend.matrixFormat`. */
  readonly matrixFormat: StorageFormat;
  /** Which layer applications have their intermediates computed again for gradients. Default: none. */
  readonly recompute?: (application: LayerApplication) => boolean;
}

/** The residual stream: `value` plus, until the next norm adds it, `delta`. */
export interface Residual {
  readonly value: Tensor;
  readonly delta: Tensor | undefined;
}

/** A model recorded up to its head. */
export interface RecordedModel {
  /** `logits` or `losses` of the wanted rows. */
  readonly output: Tensor;
  /** How many rows are wanted in a run. */
  readonly rows: Scalar;
  /** With head `loss`. */
  readonly targets: Tensor | undefined;
  readonly parameters: ReadonlyMap<string, Tensor>;
}

/** What the recorders of parts share. */
export interface Recording {
  readonly graph: Graph;
  readonly config: ModelConfig;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly parameter: (name: string) => Tensor;
  readonly state: (name: string) => Tensor | undefined;
  readonly pageTable: Tensor | undefined;
  readonly recompute: (application: LayerApplication) => boolean;
  /** What states are declared for; in a program without memory only their names matter. */
  readonly capacity: StateCapacity;
  /** Tensors that have a label: what a program that looks inside may give out. */
  readonly intermediates: Map<string, Tensor>;
}

/** Records the forward pass. Early exit: of a last cross stage, the layers run only on wanted rows when there is memory. */
export function recordForward(config: ModelConfig, options: ForwardOptions): Program {
  const graph = createGraph();
  const { output, rows } = recordModel(graph, config, options);
  if (options.head === 'loss') return graph.build({ [names.losses]: output });
  if (options.best === undefined) return graph.build({ [names.logits]: output });
  const [best] = graph.call(topK, [output], { rows, count: graph.scalar(names.bestCount, 'i32'), ...options.best });
  return graph.build({ [names.logits]: output, [names.best]: best! });
}

/** Records the forward pass into a graph that goes on. */
export function recordModel(graph: Graph, config: ModelConfig, options: ForwardOptions): RecordedModel {
  const recording = declareModel(graph, config, options);
  const batch = declareBatch(graph, config, options);
  const embedded = recordEmbedding(recording, batch);
  const wanted = declareWanted(graph, options);

  let rows = batch;
  let residual: Residual = { value: embedded, delta: undefined };
  config.stages.forEach((stage, index) => {
    const isLast = index === config.stages.length - 1;
    const shared = prepareStage(recording, stage, index, rows, residual);
    residual = shared.residual;
    if (isLast && stage.type === 'cross' && wanted !== undefined && options.memory !== undefined) {
      rows = gatherBatch(graph, options, rows, wanted);
      residual = { value: gather(graph, settle(graph, residual, batch), wanted), delta: undefined };
    }
    residual = recordStage(recording, stage, index, rows, residual, shared.value);
  });
  if (wanted !== undefined && rows === batch) {
    rows = gatherBatch(graph, options, rows, wanted);
    residual = { value: gather(graph, settle(graph, residual, batch), wanted), delta: undefined };
  }

  const recorded = { rows: rows.rows, parameters: recording.parameters };
  if (options.head === 'logits') {
    return { ...recorded, output: recordLogits(recording, rows, residual), targets: undefined };
  }
  const normed = norm(recording, rows, residual, finalNormName).normed;
  const head = recording.parameter(headName(config));
  const targets = graph.declare('input', names.targets, tensorType(i32, rows.maxRows));
  const output = graph.call(linearCrossEntropy, [normed, head, targets], { rows: rows.rows })[0]!;
  return { ...recorded, output, targets };
}

/** Logits [maxRows, V] of what the last stage gives. */
export function recordLogits(recording: Recording, batch: RowBatch, residual: Residual): Tensor {
  const { normed } = norm(recording, batch, residual, finalNormName);
  const head = recording.parameter(headName(recording.config));
  return recording.graph.call(linear, [normed, head], { rows: batch.rows })[0]!;
}

/** Declares parameters and states. */
export function declareModel(graph: Graph, config: ModelConfig, options: ForwardOptions): Recording {
  const { memory, matrixFormat } = options;
  const parameters = new Map(
    listParameters(config).map(({ name, shape, use }) => [
      name,
      graph.declare('parameter', name, { shape, format: use === 'matrix' ? matrixFormat : f32 }),
    ]),
  );
  const states = new Map<string, Tensor>();
  for (const state of memory === undefined ? [] : listStates(config, memory)) {
    states.set(state.name, graph.declare('state', state.name, stateType(state, memory!)));
  }
  const pageTable =
    memory === undefined
      ? undefined
      : graph.declare('input', names.pageTable, tensorType(i32, memory.slots, pagesPerSequence(memory)));
  const parameter = (name: string): Tensor => {
    const found = parameters.get(name);
    if (found !== undefined) return found;
    throw new ShapeError({
      where: 'recordForward',
      expected: 'a parameter of the model',
      got: `'${name}'`,
    });
  };
  const capacity = memory ?? { contextLength: config.contextLength, pageLength: 8 };
  const recompute = options.recompute ?? (() => false);
  const state = (name: string): Tensor | undefined => states.get(name);
  return { graph, config, parameters, parameter, state, pageTable, capacity, recompute, intermediates: new Map() };
}

/** Declares what a run feeds. */
export function declareBatch(graph: Graph, config: ModelConfig, options: ForwardOptions): RowBatch {
  const rotates = config.stages.some((stage) => stage.rope);
  return {
    maxRows: options.maxRows,
    rows: graph.scalar(names.rows, 'i32'),
    maxSegments: options.maxSegments,
    segmentCount: graph.scalar(names.segmentCount, 'i32'),
    longest: graph.scalar(names.longest, 'i32'),
    segments: graph.declare('input', names.segments, tensorType(i32, options.maxSegments, 4)),
    rotation: rotates
      ? graph.declare('input', names.rotation, tensorType(f32, options.maxRows, config.headDim))
      : undefined,
  };
}

/** The tokens' rows of the embedding. */
export function recordEmbedding({ graph, config, parameter }: Recording, batch: RowBatch): Tensor {
  const tokens = graph.declare('input', names.tokens, tensorType(i32, batch.maxRows));
  const params = { rows: batch.rows, scale: config.embeddingScale };
  return graph.call(embedding, [tokens, parameter(embeddingName)], params)[0]!;
}

function declareWanted(graph: Graph, options: ForwardOptions): Tensor | undefined {
  return options.outputs === 'all'
    ? undefined
    : graph.declare('input', names.outputRows, tensorType(i32, options.outputs));
}

/** The wanted rows as a batch of their own. */
function gatherBatch(graph: Graph, options: ForwardOptions, batch: RowBatch, wanted: Tensor): RowBatch {
  const rows = graph.scalar(names.outputCount, 'i32');
  return {
    maxRows: options.outputs as number,
    rows,
    maxSegments: options.maxSegments,
    segmentCount: graph.scalar(names.outputSegmentCount, 'i32'),
    longest: graph.scalar(names.outputLongest, 'i32'),
    segments: graph.declare('input', names.outputSegments, tensorType(i32, options.maxSegments, 4)),
    rotation: batch.rotation && graph.call(gatherRows, [batch.rotation, wanted], { rows })[0]!,
  };
}

function gather(graph: Graph, x: Tensor, wanted: Tensor): Tensor {
  return graph.call(gatherRows, [x, wanted], { rows: graph.scalar(names.outputCount, 'i32') })[0]!;
}

function label({ graph, intermediates }: Recording, tensor: Tensor, name: string): void {
  graph.label(tensor, name);
  intermediates.set(name, tensor);
}

/** The residual stream as one tensor. */
export function settle(graph: Graph, { value, delta }: Residual, batch: RowBatch): Tensor {
  return delta === undefined ? value : graph.call(add, [value, delta], { rows: batch.rows })[0]!;
}

/** Runs the variant's stage-wide part, where the stage has one, on all rows of the stage's input. */
export function prepareStage(
  recording: Recording,
  stage: StageConfig,
  index: number,
  batch: RowBatch,
  residual: Residual,
): { readonly residual: Residual; readonly value: unknown } {
  const owner = stage.layers.find(({ variant }) => variant.prepare !== undefined);
  if (owner === undefined) return { residual, value: undefined };
  const value = settle(recording.graph, residual, batch);
  label(recording, value, `stage.${index}.input`);
  const { variant, config } = owner;
  const scope = createScope({
    stage: index,
    variant,
    batch,
    pageTable: recording.pageTable,
    declared: (kind) => {
      const specs =
        kind === 'state' ? variant.stageState?.(config, recording.capacity) : variant.stageParameters?.(config);
      return (specs ?? []).map(({ name }) => name);
    },
    parameter: (name) => recording.parameter(`${stagePrefix(index)}.${name}.weight`),
    state: (name) => recording.state(stageStateName(index, name)),
    label: (tensor, name) => label(recording, tensor, `stage.${index}.${name}`),
  });
  const shared = variant.prepare!(recording.graph, config, value, scope);
  return { residual: { value, delta: undefined }, value: shared };
}

/** All iterations of a stage. */
export function recordStage(
  recording: Recording,
  stage: StageConfig,
  index: number,
  batch: RowBatch,
  input: Residual,
  shared: unknown,
): Residual {
  const next = recording.config.stages[index + 1];
  const settles = next?.layers.some(({ variant }) => variant.prepare !== undefined) ?? false;
  const last = stage.iterations - 1;
  let residual = input;
  for (let iteration = 0; iteration <= last; iteration++) {
    const isSettled = settles && iteration === last;
    residual = recordIteration(recording, stage, index, iteration, batch, residual, shared, isSettled);
  }
  return residual;
}

/** The layers of a stage once. `isSettled`: as one tensor, which a stage that prepares wants. */
export function recordIteration(
  recording: Recording,
  stage: StageConfig,
  index: number,
  iteration: number,
  batch: RowBatch,
  input: Residual,
  shared: unknown,
  isSettled = false,
): Residual {
  let residual = input;
  stage.layers.forEach((layer, l) => {
    const { variant, config } = layer;
    const scope = createScope({
      stage: index,
      variant,
      batch,
      pageTable: recording.pageTable,
      declared: (kind) => {
        const specs = kind === 'state' ? variant.state(config, recording.capacity) : variant.parameters(config);
        return specs.map(({ name }) => name);
      },
      parameter: (name) => recording.parameter(`${layerPrefix(index, l)}.attention.${name}.weight`),
      state: (name) => recording.state(layerStateName(index, iteration, l, name)),
      label: (tensor, name) => label(recording, tensor, layerStateName(index, iteration, l, name)),
    });
    const before = residual;
    const record = (): Residual => {
      const { value, hidden, down } = recordLayer(recording, layer, index, l, scope, before, shared);
      const { rows } = batch;
      if (isSettled && l === stage.layers.length - 1) {
        return { value: recording.graph.call(linearAdd, [hidden, down, value], { rows })[0]!, delta: undefined };
      }
      return { value, delta: recording.graph.call(linear, [hidden, down], { rows })[0]! };
    };
    const again = recording.recompute({ stage: index, iteration, layer: l });
    residual = again ? recording.graph.recompute(record) : record();
  });
  if (residual.delta !== undefined) label(recording, residual.delta, `stage.${index}.iteration.${iteration}.delta`);
  return residual;
}

/** A layer up to its last product, hidden · downᵀ, which is to be added to `value`. */
function recordLayer(
  recording: Recording,
  { variant, config: attention }: LayerAttention,
  stage: number,
  layer: number,
  scope: AttentionScope,
  input: Residual,
  shared: unknown,
): { readonly value: Tensor; readonly hidden: Tensor; readonly down: Tensor } {
  const { graph, config, parameter } = recording;
  const { rows, maxRows } = scope.batch;
  const prefix = layerPrefix(stage, layer);
  const before = norm(recording, scope.batch, input, `${prefix}.attention_norm.weight`);
  const result: unknown = variant.apply(graph, attention, before.normed, scope, shared);
  const attended = checkResult(whereOf(stage, variant), result, maxRows, config.hiddenSize);
  const own = (name: string): Tensor => parameter(`${prefix}.${name}.weight`);
  const [sum, hidden] = graph.call(
    addRmsNormSwiglu,
    [before.sum, attended, own('feed_forward_norm'), own('feed_forward.gate_proj'), own('feed_forward.up_proj')],
    { rows, eps: config.normEps },
  );
  return { value: sum!, hidden: hidden!, down: own('feed_forward.down_proj') };
}

function norm(
  { graph, config, parameter }: Recording,
  batch: RowBatch,
  { value, delta }: Residual,
  weightName: string,
): { readonly sum: Tensor; readonly normed: Tensor } {
  const weight = parameter(weightName);
  const params = { rows: batch.rows, eps: config.normEps };
  if (delta === undefined) return { sum: value, normed: graph.call(rmsNorm, [value, weight], params)[0]! };
  const [sum, normed] = graph.call(addRmsNorm, [value, delta, weight], params);
  return { sum: sum!, normed: normed! };
}
