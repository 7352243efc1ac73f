import type { Graph, Tensor } from '@yoco-u/spec';
import { fuse } from '../fuse.ts';
import { type RowParams, rowsOf } from './checks.ts';
import { linear } from './linear.ts';
import { rmsNorm } from './rms-norm.ts';
import { rotary } from './rotary.ts';

export interface LinearHeadsParams extends RowParams {
  /** D */
  readonly headDim: number;
  /** Of the norms. */
  readonly eps: number;
  /** What is done to the heads of each product. */
  readonly products: readonly { readonly norm: boolean; readonly rotate: boolean }[];
}

/**
 * Several products of one input, whose heads may be normed and rotated: x [T, C], then rotation [T, D] if any product is rotated, then
 * for each product weight [out, C], and norm [D] if it is normed → for each product [T, out]: `linear`, then `rms_norm` a head, then
 * `rotary`. What is neither normed nor rotated may be of any width.
 */
export const linearHeads = fuse<LinearHeadsParams>({
  name: 'linear_heads',
  inputs: ({ products }) => 1 + products.reduce((sum, { norm }) => sum + (norm ? 2 : 1), isRotated(products) ? 1 : 0),
  expand(graph, inputs, { headDim, eps, products, ...params }) {
    const rows = rowsOf(params, inputs[0]!.type);
    return placesOfHeads(products).map(({ weight, norm, rotation }) => {
      let [y] = graph.call(linear, [inputs[0]!, inputs[weight]!], { rows });
      if (norm !== undefined) [y] = graph.call(rmsNorm, [y!, inputs[norm]!], { rows, eps, group: headDim });
      if (rotation !== undefined) [y] = graph.call(rotary, [y!, inputs[rotation]!], { rows });
      return y!;
    });
  },
});

function isRotated(products: LinearHeadsParams['products']): boolean {
  return products.some(({ rotate }) => rotate);
}

/** Positions among the inputs of what a product takes. */
export interface HeadsPlaces {
  readonly weight: number;
  readonly norm: number | undefined;
  readonly rotation: number | undefined;
}

/** Where each product's operands are among the inputs. */
export function placesOfHeads(products: LinearHeadsParams['products']): readonly HeadsPlaces[] {
  let next = isRotated(products) ? 2 : 1;
  return products.map(({ norm, rotate }) => ({
    weight: next++,
    norm: norm ? next++ : undefined,
    rotation: rotate ? 1 : undefined,
  }));
}

/** A product with a weight [out, C]. */
export interface HeadsProduct {
  readonly weight: Tensor;
  /** [D]: norms every head with it. */
  readonly norm?: Tensor | undefined;
  /** [T, D], of all rotated products the same: rotates every head. */
  readonly rotation?: Tensor | undefined;
}

/** Records `linear_heads`: x [T, C] → for each product [T, out]. */
export function projectHeads(
  graph: Graph,
  x: Tensor,
  products: readonly HeadsProduct[],
  params: Omit<LinearHeadsParams, 'products'>,
): readonly Tensor[] {
  const rotation = products.find((product) => product.rotation !== undefined)?.rotation;
  const operands = products.flatMap(({ weight, norm }) => (norm === undefined ? [weight] : [weight, norm]));
  return graph.call(linearHeads, [x, ...(rotation === undefined ? [] : [rotation]), ...operands], {
    ...params,
    products: products.map((product) => ({
      norm: product.norm !== undefined,
      rotate: product.rotation !== undefined,
    })),
  });
}
