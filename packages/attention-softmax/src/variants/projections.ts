/** From a row of the model to queries, keys and values, and back. */
import { type AttentionScope, type Graph, ShapeError, type Tensor } from '@yoco-u/spec';
import { type HeadsProduct, linear, projectHeads } from '@yoco-u/tensor';
import type { SoftmaxConfig } from './config.ts';

/** x [T, C] through one of the scope's matrices. */
export function project(graph: Graph, scope: AttentionScope, parameter: string, x: Tensor): Tensor {
  return graph.call(linear, [x, scope.parameter(parameter)], { rows: scope.batch.rows })[0]!;
}

/** What heads of queries, keys and values are made of: the parameter of a name ending in `_proj`, and of its norm if it has one. */
export type HeadsName = 'q' | 'k' | 'v';

/**
 * x [T, C] → for each name [T, heads·D]. Queries and keys are rotated, where the stage rotates; those listed in `normed` are normed
 * before. With `inputNorm`, so is x.
 */
export function heads(
  graph: Graph,
  { model, rope }: SoftmaxConfig,
  scope: AttentionScope,
  x: Tensor,
  names: readonly HeadsName[],
  { normed = [], inputNorm }: { readonly normed?: readonly HeadsName[]; readonly inputNorm?: Tensor } = {},
): readonly Tensor[] {
  const { rows, rotation } = scope.batch;
  if (rope && rotation === undefined) {
    throw new ShapeError({ where: 'attention', expected: 'rotation rows for a stage with rope', got: 'none' });
  }
  const products = names.map(
    (name): HeadsProduct => ({
      weight: scope.parameter(`${name}_proj`),
      norm: normed.includes(name) ? scope.parameter(`${name}_norm`) : undefined,
      rotation: rope && name !== 'v' ? rotation : undefined,
    }),
  );
  const made = projectHeads(graph, x, products, {
    rows,
    headDim: model.headDim,
    eps: model.normEps,
    inputNorm,
  });
  names.forEach((name, index) => {
    if (name !== 'v') scope.label(made[index]!, name === 'q' ? 'query' : 'key');
  });
  return made;
}

/** Those of the names whose heads a layer norms. */
function normedOf({ model }: SoftmaxConfig, ...names: HeadsName[]): readonly HeadsName[] {
  return model.qkNorm ? names : [];
}

/** Queries [T, H·D], normed and rotated. */
export function queries(graph: Graph, config: SoftmaxConfig, scope: AttentionScope, x: Tensor): Tensor {
  return heads(graph, config, scope, x, ['q'], { normed: normedOf(config, 'q') })[0]!;
}

/** Keys and values [T, G·D] of a layer of its own, keys normed and rotated. */
export function keysAndValues(graph: Graph, config: SoftmaxConfig, scope: AttentionScope, x: Tensor): [Tensor, Tensor] {
  const [k, v] = heads(graph, config, scope, x, ['k', 'v'], { normed: normedOf(config, 'k') });
  return [k!, v!];
}

/** `queries` and `keysAndValues` in one call: fewer dispatches on a GPU. */
export function queriesKeysAndValues(
  graph: Graph,
  config: SoftmaxConfig,
  scope: AttentionScope,
  x: Tensor,
): [Tensor, Tensor, Tensor] {
  const [q, k, v] = heads(graph, config, scope, x, ['q', 'k', 'v'], { normed: normedOf(config, 'q', 'k') });
  return [q!, k!, v!];
}

/** The page table of a scope that has growing state. */
export function pageTableOf(scope: AttentionScope): Tensor {
  if (scope.pageTable !== undefined) return scope.pageTable;
  throw new ShapeError({ where: 'attention', expected: 'a page table beside a growing state', got: 'none' });
}
