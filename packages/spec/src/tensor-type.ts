/** What a tensor is: a logical shape and the format its bytes are stored in. */

export type ElementType = 'f32' | 'i32';

/**
 * How a tensor's elements lie in memory. A format never changes what a tensor means: `upload`, `write` and `download` speak
 * logical row-major elements, and kernels other than linear, embedding, cast and cache kernels see only row-major formats.
 */
export interface StorageFormat {
  /** Unique name; kernels select by it. */
  readonly name: string;
  /** What one logical element is on the host. */
  readonly element: ElementType;
  /** Elements that share one block along the last axis; 1 where elements stand alone. */
  readonly blockLength: number;
  /** Bytes of one block; a multiple of 4. */
  readonly blockBytes: number;
  /** The count of rows (product of all axes but the last) is padded up to a multiple of this in storage. */
  readonly rowMultiple: number;
}

export interface TensorType {
  /** Sizes of the axes, outermost first; all > 0. */
  readonly shape: readonly number[];
  readonly format: StorageFormat;
}

/** Host-side elements of an `f32` tensor (either precision) or of an `i32` tensor. */
export type NumberArray = Float64Array | Float32Array | Int32Array;
