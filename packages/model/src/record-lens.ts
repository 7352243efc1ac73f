/** A program that looks inside the loop: the forward pass of one text, with more outputs. */
import { ConfigError, type Program, ShapeError, type StorageFormat, type Tensor } from '@yoco-u/spec';
import { createGraph } from '@yoco-u/tensor';
import type { ModelConfig } from './config.ts';
import {
  declareBatch,
  declareModel,
  type ForwardOptions,
  prepareStage,
  type Recording,
  type Residual,
  recordEmbedding,
  recordIteration,
  recordLogits,
  recordStage,
  settle,
} from './record.ts';

export interface LensOptions {
  /** Tokens of the text. */
  readonly rows: number;
  /** `Backend.matrixFormat`. */
  readonly matrixFormat: StorageFormat;
  /** Labelled intermediates that become outputs too, e.g. `stage.0.iteration.1.layer.0.query`. */
  readonly intermediates?: readonly string[];
}

/** Names of the outputs. The loop is the first self stage. */
export const lensNames = {
  /** f32 [rows, C]: the residual stream before the loop's first iteration. */
  input: 'loop.input',
  /** f32 [rows, C]: the residual stream after an iteration. */
  output: (iteration: number) => `loop.iteration.${iteration}.output`,
  /**
   * f32 [rows, V]: what the rest of the model makes of it. Nothing happens between iterations, so these are the logits of the
   * same model at `iteration` + 1 iterations.
   */
  logits: (iteration: number) => `loop.iteration.${iteration}.logits`,
} as const;

/**
 * Records the forward pass of one sequence without memory. After each iteration of the first self stage the stages behind it
 * and the head read the residual stream as it is by then. Labels in `intermediates` count from the last reading. Throws
 * `ConfigError` for a model without a self stage and `ShapeError` for an intermediate that there is none of.
 */
export function recordLens(config: ModelConfig, options: LensOptions): Program {
  const { rows, matrixFormat } = options;
  const looped = config.stages.findIndex(({ type }) => type === 'self');
  if (looped < 0) throw new ConfigError({ where: 'lens', expected: 'a model with a self stage', got: 'none' });
  const graph = createGraph();
  const forward: ForwardOptions = { maxRows: rows, maxSegments: 1, outputs: 'all', head: 'logits', matrixFormat };
  const recording = declareModel(graph, config, forward);
  const batch = declareBatch(graph, config, forward);
  const outputs: Record<string, Tensor> = {};

  const through = (from: number, to: number, input: Residual): Residual => {
    let residual = input;
    for (let index = from; index < to; index++) {
      const stage = config.stages[index]!;
      const shared = prepareStage(recording, stage, index, batch, residual);
      residual = recordStage(recording, stage, index, batch, shared.residual, shared.value);
    }
    return residual;
  };

  const stage = config.stages[looped]!;
  const before = through(0, looped, { value: recordEmbedding(recording, batch), delta: undefined });
  const prepared = prepareStage(recording, stage, looped, batch, before);
  let residual: Residual = { value: settle(graph, prepared.residual, batch), delta: undefined };
  outputs[lensNames.input] = residual.value;
  for (let iteration = 0; iteration < stage.iterations; iteration++) {
    const result = recordIteration(recording, stage, looped, iteration, batch, residual, prepared.value);
    residual = { value: settle(graph, result, batch), delta: undefined };
    outputs[lensNames.output(iteration)] = residual.value;
    const last = through(looped + 1, config.stages.length, residual);
    outputs[lensNames.logits(iteration)] = recordLogits(recording, batch, last);
  }
  for (const name of options.intermediates ?? []) outputs[name] = intermediate(recording, name);
  return graph.build(outputs);
}

function intermediate({ intermediates }: Recording, name: string): Tensor {
  const found = intermediates.get(name);
  if (found !== undefined) return found;
  const known = [...intermediates.keys()].join(', ');
  throw new ShapeError({ where: 'lens', expected: `a labelled intermediate (${known})`, got: `'${name}'` });
}
