/** Records a model for training: the mean loss of a batch, and its gradients added up in states. */
import type { Program } from '@yoco-u/spec';
import { createGraph, f32, meanLoss, tensorType } from '@yoco-u/tensor';
import type { ModelConfig } from './config.ts';
import { type LayerApplication, names, recordModel } from './record.ts';

export interface TrainingOptions {
  /** Most rows (tokens) of a run. */
  readonly maxRows: number;
  /** Most segments (sequences, or parts of them) of a run. No segment sees another. */
  readonly maxSegments: number;
  /** Layer applications of which only the residual stream is kept: the rest is computed again for the gradient. Default: none. */
  readonly recompute?: (application: LayerApplication) => boolean;
}

/** Name of the state that a parameter's gradient is added to, of the parameter's shape and row-major. */
export function gradientName(parameter: string): string {
  return `gradient.${parameter}`;
}

/**
 * Records one run over a batch: the output `loss` is the mean cross-entropy over rows whose target is not negative, and the
 * gradient of every parameter is added to the state `gradientName(parameter)`, so that several runs add up. A looped weight
 * has one such state. Matrices are row-major [out, in], as an optimizer writes them.
 */
export function recordTraining(config: ModelConfig, options: TrainingOptions): Program {
  const graph = createGraph();
  const { output, rows, targets, parameters } = recordModel(graph, config, {
    ...options,
    outputs: 'all',
    head: 'loss',
    matrixFormat: f32,
  });
  const loss = graph.call(meanLoss, [output, targets!], { rows })[0]!;
  const accumulators = new Map(
    [...parameters].map(([name, parameter]) => [
      parameter,
      graph.declare('state', gradientName(name), tensorType(f32, ...parameter.type.shape)),
    ]),
  );
  graph.backward(loss, accumulators);
  return graph.build({ [names.loss]: loss });
}
