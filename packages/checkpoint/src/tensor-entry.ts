/** Access to one stored tensor: whole, by rows, or as a stream of row chunks, converted on the way. */
import { CapacityError, ShapeError } from '@yoco-u/spec';
import { allocateValues, decodeValues, isStoredAsRead } from './convert.ts';
import { type DataType, dataTypes, elementsOf, type TensorValues } from './data-type.ts';
import { failure, quote } from './fail.ts';
import type { ScratchPool } from './scratch.ts';

/** The most bytes read at once where they arrive in place, and where they pass through a buffer to be converted. */
const chunkBytes = 16 * 2 ** 20;
const convertedChunkBytes = 4 * 2 ** 20;

/** Rows along the first axis; a scalar is one row. */
export interface RowRange {
  readonly start: number;
  readonly count: number;
}

export interface ReadOptions<Values> {
  /** All rows by default. */
  readonly rows?: RowRange;
  /** Where to put the values, exactly as many as there are; may lie in shared memory. Allocated by default. */
  readonly into?: Values;
}

/** Some consecutive rows. */
export interface RowChunk extends RowRange {
  /** [count · rowLength] */
  readonly values: TensorValues;
}

/**
 * One tensor of a file. Nothing is read before a method asks for it, and reading holds at most one chunk of 4 MiB besides the
 * result. Reads throw `CheckpointError` where the file fails, `ShapeError` for bad arguments, `CapacityError` without memory.
 */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** The file that holds it. */
  readonly file: string;
  readonly elements: number;
  /** As stored. */
  readonly byteLength: number;
  /** The size of the first axis; 1 for a scalar. */
  readonly rows: number;
  /** Elements a row. */
  readonly rowLength: number;
  /** Float types as float32 (F64 rounded to the nearest), integer types as int32 (an error if an I64 does not fit). */
  read(rows?: RowRange): Promise<TensorValues>;
  /** As `read`, for tensors that must be of a float type. */
  readFloat32(options?: ReadOptions<Float32Array>): Promise<Float32Array>;
  /** As `read`, for tensors that must be of an integer type. */
  readInt32(options?: ReadOptions<Int32Array>): Promise<Int32Array>;
  /** The bytes as stored. */
  readBytes(options?: ReadOptions<Uint8Array>): Promise<Uint8Array>;
  /** All rows in order, in chunks of at most `maximumBytes` of values (16 MiB by default), but of one row at least. */
  chunks(maximumBytes?: number): AsyncGenerator<RowChunk, void, undefined>;
}

/** Fills `into` with the tensor's stored bytes from `offset`. */
export type ReadStored = (offset: number, into: Uint8Array) => Promise<void>;

export interface TensorEntryFacts {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly file: string;
  readonly readStored: ReadStored;
  /** Shared by the tensors of a file. */
  readonly scratch: ScratchPool;
}

/** An entry whose bytes come from `readStored`. The shape has been checked. */
export function createTensorEntry({ name, dtype, shape, file, readStored, scratch }: TensorEntryFacts): TensorEntry {
  const { bytes: elementBytes, kind } = dataTypes[dtype];
  const elements = elementsOf(shape);
  const rows = shape.length === 0 ? 1 : shape[0];
  const rowLength = elementsOf(shape.slice(1));
  const where = `${file}: tensor ${quote(name)}`;

  const requireRows = ({ start, count }: RowRange): void => {
    const valid = Number.isSafeInteger(start) && Number.isSafeInteger(count) && start >= 0 && count >= 0;
    if (valid && start + count <= rows) return;
    const got = `start ${start}, count ${count}`;
    throw new ShapeError({
      where,
      expected: `rows within 0 to ${rows}`,
      got,
      fix: 'read only rows that the tensor has',
    });
  };

  const requireKind = (wanted: 'float' | 'integer'): void => {
    if (kind === wanted) return;
    const expected = `a tensor of ${wanted === 'float' ? 'a float' : 'an integer'} type`;
    throw failure({ where, expected, got: dtype, fix: `read it as ${kind} values, or convert the file` });
  };

  const requireLength = (length: number, expected: number): void => {
    if (length === expected) return;
    const fix = 'pass an array of exactly that length';
    throw new ShapeError({ where, expected: `room for ${expected} elements`, got: `${length}`, fix });
  };

  const allocate = <T>(make: () => T, bytes: number): T => {
    try {
      return make();
    } catch (cause) {
      const fix = 'use a smaller model or read it in row chunks';
      throw new CapacityError({ where, expected: `${bytes} bytes of memory`, got: String(cause), fix }, { cause });
    }
  };

  const fill = async (target: TensorValues, first: number): Promise<void> => {
    const direct = isStoredAsRead(dtype);
    const step = (direct ? chunkBytes : convertedChunkBytes) / elementBytes;
    const stored = scratch.take(direct ? 0 : Math.min(step, target.length) * elementBytes);
    try {
      for (let done = 0; done < target.length; done += step) {
        const part = target.subarray(done, done + step);
        const offset = (first + done) * elementBytes;
        if (direct) {
          await readStored(offset, new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
          continue;
        }
        const bytes = stored.subarray(0, part.length * elementBytes);
        await readStored(offset, bytes);
        const misfit = decodeValues(dtype, bytes, part);
        if (misfit >= 0) {
          const at = `${where}: element ${first + done + misfit}`;
          const fix = 'only integers that fit 32 bits can be read; correct the file';
          throw failure({ where: at, expected: 'an integer from -2^31 to 2^31 - 1', got: 'a larger one', fix });
        }
      }
    } finally {
      scratch.give(stored);
    }
  };

  const readInto = async <Values extends TensorValues>(options: ReadOptions<Values>): Promise<Values> => {
    const range = options.rows ?? { start: 0, count: rows };
    requireRows(range);
    const wanted = range.count * rowLength;
    // The kind was checked, so what is allocated is of the caller's type.
    const target = options.into ?? (allocate(() => allocateValues(dtype, wanted), wanted * 4) as Values);
    requireLength(target.length, wanted);
    await fill(target, range.start * rowLength);
    return target;
  };

  const allRows = (range: RowRange | undefined) => (range === undefined ? {} : { rows: range });

  return {
    name,
    dtype,
    shape,
    file,
    elements,
    byteLength: elements * elementBytes,
    rows,
    rowLength,
    read: (range) => readInto<TensorValues>(allRows(range)),
    async readFloat32(options = {}) {
      requireKind('float');
      return readInto<Float32Array>(options);
    },
    async readInt32(options = {}) {
      requireKind('integer');
      return readInto<Int32Array>(options);
    },
    async readBytes(options = {}) {
      const range = options.rows ?? { start: 0, count: rows };
      requireRows(range);
      const bytes = range.count * rowLength * elementBytes;
      const target = options.into ?? allocate(() => new Uint8Array(bytes), bytes);
      requireLength(target.length, bytes);
      const offset = range.start * rowLength * elementBytes;
      for (let done = 0; done < bytes; done += chunkBytes)
        await readStored(offset + done, target.subarray(done, done + chunkBytes));
      return target;
    },
    async *chunks(maximumBytes = chunkBytes) {
      const step = Math.max(1, Math.floor(maximumBytes / Math.max(1, rowLength * 4)));
      for (let start = 0; start < rows; start += step) {
        const range = { start, count: Math.min(step, rows - start) };
        yield { ...range, values: await readInto<TensorValues>({ rows: range }) };
      }
    },
  };
}
