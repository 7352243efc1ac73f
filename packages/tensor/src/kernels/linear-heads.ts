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
  /** Whether the input is normed before. */
  readonly normInput: boolean;
  /** What is done to the heads of each product. */
  readonly products: readonly { readonly norm: boolean; readonly rotate: boolean }[];
}

/**
 * Several products of one input, whose heads may be normed and rotated: x [T, C], its norm [C] if it is normed before, rotation [T, D]
 * if any product is rotated, then for each product weight [out, C], and norm [D] if its heads are normed → for each product [T, out]:
 * `linear`, then `rms_norm` a head, then `rotary`. What is neither normed nor rotated may be of any width.
 */
export const linearHeads = fuse<LinearHeadsParams>({
  name: 'linear_heads',
  inputs: (params) => placesOfHeads(params).count,
  expand(graph, inputs, params) {
    const { headDim, eps } = params;
    const rows = rowsOf(params, inputs[0]!.type);
    const places = placesOfHeads(params);
    const x =
      places.inputNorm === undefined
        ? inputs[0]!
        : graph.call(rmsNorm, [inputs[0]!, inputs[places.inputNorm]!], { rows, eps })[0]!;
    return places.products.map(({ weight, norm, rotation }) => {
      let [y] = graph.call(linear, [x, inputs[weight]!], { rows });
      if (norm !== undefined) [y] = graph.call(rmsNorm, [y!, inputs[norm]!], { rows, eps, group: headDim });
      if (rotation !== undefined) [y] = graph.call(rotary, [y!, inputs[rotation]!], { rows });
      return y!;
    });
  },
});

/** Positions among the inputs of what a product takes. */
export interface ProductPlaces {
  readonly weight: number;
  readonly norm: number | undefined;
  readonly rotation: number | undefined;
}

/** Where the operands are among the inputs. */
export interface HeadsPlaces {
  readonly inputNorm: number | undefined;
  readonly products: readonly ProductPlaces[];
  /** Of all inputs. */
  readonly count: number;
}

/** Where the operands of a call are among its inputs. */
export function placesOfHeads({ normInput, products }: Omit<LinearHeadsParams, 'headDim' | 'eps'>): HeadsPlaces {
  let count = 1;
  const inputNorm = normInput ? count++ : undefined;
  const rotation = products.some(({ rotate }) => rotate) ? count++ : undefined;
  const places = products.map(({ norm, rotate }) => ({
    weight: count++,
    norm: norm ? count++ : undefined,
    rotation: rotate ? rotation : undefined,
  }));
  return { inputNorm, products: places, count };
}

/** A product with a weight [out, C]. */
export interface HeadsProduct {
  readonly weight: Tensor;
  /** [D]: norms every head with it. */
  readonly norm?: Tensor | undefined;
  /** [T, D], of all rotated products the same: rotates every head. */
  readonly rotation?: Tensor | undefined;
}

export interface ProjectHeadsOptions extends RowParams, Pick<LinearHeadsParams, 'headDim' | 'eps'> {
  /** [C]: norms the input with it before. */
  readonly inputNorm?: Tensor | undefined;
}

/** Records `linear_heads`: x [T, C] → for each product [T, out]. */
export function projectHeads(
  graph: Graph,
  x: Tensor,
  products: readonly HeadsProduct[],
  { inputNorm, ...params }: ProjectHeadsOptions,
): readonly Tensor[] {
  const rotation = products.find((product) => product.rotation !== undefined)?.rotation;
  const operands = [inputNorm, rotation, ...products.flatMap(({ weight, norm }) => [weight, norm])];
  return graph.call(linearHeads, [x, ...operands.filter((operand) => operand !== undefined)], {
    ...params,
    normInput: inputNorm !== undefined,
    products: products.map((product) => ({
      norm: product.norm !== undefined,
      rotate: product.rotation !== undefined,
    })),
  });
}
