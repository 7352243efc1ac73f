/** From a row of the model to queries, keys and values, and back. */
import { type AttentionScope, type Graph, ShapeError, type Tensor } from '@yoco-u/spec';
import { linear, rmsNorm, rotary } from '@yoco-u/tensor';
import type { SoftmaxConfig } from './config.ts';

/** x [T, C] through one of the scope's matrices. */
export function project(graph: Graph, scope: AttentionScope, parameter: string, x: Tensor): Tensor {
  return graph.call(linear, [x, scope.parameter(parameter)], { rows: scope.batch.rows })[0]!;
}

/** Per-head norm with the weight named, where one is named, then the rotation, where the stage rotates. */
export function normAndRotate(
  graph: Graph,
  { model, rope }: SoftmaxConfig,
  scope: AttentionScope,
  x: Tensor,
  norm: string | undefined,
): Tensor {
  const { rows, rotation } = scope.batch;
  const params = { eps: model.normEps, group: model.headDim, rows };
  const normed = norm === undefined ? x : graph.call(rmsNorm, [x, scope.parameter(norm)], params)[0]!;
  if (!rope) return normed;
  if (rotation === undefined) {
    throw new ShapeError({ where: 'attention', expected: 'rotation rows for a stage with rope', got: 'none' });
  }
  return graph.call(rotary, [normed, rotation], { rows })[0]!;
}

/** Queries [T, H·D], normed and rotated. */
export function queries(graph: Graph, config: SoftmaxConfig, scope: AttentionScope, x: Tensor): Tensor {
  const q = project(graph, scope, 'q_proj', x);
  const placed = normAndRotate(graph, config, scope, q, config.model.qkNorm ? 'q_norm' : undefined);
  scope.label(placed, 'query');
  return placed;
}

/** Keys and values [T, G·D] of a layer of its own, keys normed and rotated. */
export function keysAndValues(graph: Graph, config: SoftmaxConfig, scope: AttentionScope, x: Tensor): [Tensor, Tensor] {
  const k = project(graph, scope, 'k_proj', x);
  const keys = normAndRotate(graph, config, scope, k, config.model.qkNorm ? 'k_norm' : undefined);
  scope.label(keys, 'key');
  return [keys, project(graph, scope, 'v_proj', x)];
}

/** The page table of a scope that has growing state. */
export function pageTableOf(scope: AttentionScope): Tensor {
  if (scope.pageTable !== undefined) return scope.pageTable;
  throw new ShapeError({ where: 'attention', expected: 'a page table beside a growing state', got: 'none' });
}
