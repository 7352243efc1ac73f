/** What the kernels are told besides their tensors, and the formulas that all their implementations share. */
import type { TensorType, Value } from '@yoco-u/spec';

export interface AlibiParams {
  /** Rows of this run. */
  readonly rows: Value;
  /** Entries of the segment table that count in this run. */
  readonly segmentCount: Value;
  /** D */
  readonly headDim: number;
  /** The steepest slope is 2^(−biasMax / H), the flattest 2^(−biasMax). */
  readonly biasMax: number;
}

/** Heads and widths of a call, from the types of q [T, H·D] and of keys [T, G·D]. */
export interface AlibiShape {
  /** H */
  readonly heads: number;
  /** G */
  readonly keyValueHeads: number;
  /** D */
  readonly headDim: number;
  /** A slope a query head: how much a key loses for each position that it lies behind. */
  readonly slopes: readonly number[];
}

/** `keyWidth` is G·D. */
export function shapeOf(q: TensorType, keyWidth: number, { headDim, biasMax }: AlibiParams): AlibiShape {
  const heads = q.shape[1]! / headDim;
  const slopes = Array.from({ length: heads }, (_, head) => 2 ** ((-biasMax * (head + 1)) / heads));
  return { heads, keyValueHeads: keyWidth / headDim, headDim, slopes };
}
