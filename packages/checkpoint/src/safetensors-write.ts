/** Writing safetensors, as a stream of bytes or in memory. */
import { encodeValues, isStoredAsRead } from './convert.ts';
import { type DataType, dataTypes, elementsOf, isDataType, type TensorValues } from './data-type.ts';
import { failure, quote } from './fail.ts';
import { maximumHeaderBytes, metadataKey, requireSafeName } from './safetensors-header.ts';

const encodeChunkBytes = 4 * 2 ** 20;

/** A tensor to be written. A `TensorEntry` is one, so files copy and convert without passing through memory as a whole. */
export interface WritableTensor {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Float32Array for float types, Int32Array for integer types. Asked for once, when its turn comes. */
  read(): TensorValues | Promise<TensorValues>;
}

/** Tensors to be written; of a map, such as a model folder's, only the values count. */
export type WritableTensors = Iterable<WritableTensor> | ReadonlyMap<string, WritableTensor>;

export interface SafetensorsOptions {
  /** Kept as `__metadata__`. */
  readonly metadata?: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
}

/** What a file will hold, known before any value is. */
export interface SafetensorsPlan {
  /** Length and JSON, a multiple of 8 bytes. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** In the order of their data: wide types first, so that every tensor is aligned; then by name. */
  readonly tensors: readonly WritableTensor[];
  /** Of the whole file. */
  readonly byteLength: number;
}

/** A tensor from values at hand, stored as F32 or I32 unless another type is given. */
export function tensorOf(
  name: string,
  shape: readonly number[],
  values: TensorValues,
  dtype?: DataType,
): WritableTensor {
  return { name, shape, dtype: dtype ?? (values instanceof Int32Array ? 'I32' : 'F32'), read: () => values };
}

/** The same tensor, stored as another type. Its values are rounded to the nearest when they are written. */
export function storedAs(tensor: WritableTensor, dtype: DataType): WritableTensor {
  return { name: tensor.name, shape: tensor.shape, dtype, read: () => tensor.read() };
}

export function listTensors(tensors: WritableTensors): WritableTensor[] {
  return tensors instanceof Map ? [...tensors.values()] : [...(tensors as Iterable<WritableTensor>)];
}

/** Lays out a file. Throws `CheckpointError` for duplicate or reserved names and for bad shapes or types. */
export function planSafetensors(tensors: WritableTensors, options: SafetensorsOptions = {}): SafetensorsPlan {
  const ordered = listTensors(tensors);
  const seen = new Set<string>();
  for (const tensor of ordered) {
    requireWritable(tensor);
    if (seen.has(tensor.name)) {
      const fix = 'give every tensor its own name';
      throw failure({ where: 'safetensors writer', expected: 'unique names', got: `${quote(tensor.name)} twice`, fix });
    }
    seen.add(tensor.name);
  }
  ordered.sort((a, b) => dataTypes[b.dtype].bytes - dataTypes[a.dtype].bytes || compareNames(a.name, b.name));
  const entries: (readonly [string, unknown])[] = [];
  let reached = 0;
  for (const { name, dtype, shape } of ordered) {
    const end = reached + elementsOf(shape) * dataTypes[dtype].bytes;
    entries.push([name, { dtype, shape, data_offsets: [reached, end] }]);
    reached = end;
  }
  entries.sort(([a], [b]) => compareNames(a, b));
  const metadata = readMetadata(options.metadata);
  if (metadata.length > 0) entries.unshift([metadataKey, Object.fromEntries(metadata)]);
  const header = encodeHeader(
    `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  );
  return { header, tensors: ordered, byteLength: header.length + reached };
}

/**
 * The file, piece by piece: the header, then tensor by tensor. A piece is valid until the next is asked for. Throws
 * `CheckpointError` for values that do not fit their tensor.
 */
export async function* streamSafetensors(plan: SafetensorsPlan): AsyncGenerator<Uint8Array, void, undefined> {
  yield plan.header;
  let scratch: Uint8Array | undefined;
  for (const tensor of plan.tensors) {
    const values = await tensor.read();
    requireValues(tensor, values);
    if (isStoredAsRead(tensor.dtype)) {
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      continue;
    }
    scratch ??= new Uint8Array(encodeChunkBytes);
    const { bytes } = dataTypes[tensor.dtype];
    const step = encodeChunkBytes / bytes;
    for (let done = 0; done < values.length; done += step) {
      const part = values.subarray(done, done + step);
      const piece = scratch.subarray(0, part.length * bytes);
      const misfit = encodeValues(tensor.dtype, part, piece);
      if (misfit >= 0) {
        const where = `safetensors writer: tensor ${quote(tensor.name)}: element ${done + misfit}`;
        throw failure({
          where,
          expected: 'an integer from 0 to 255',
          got: String(part[misfit]),
          fix: 'store it as I32',
        });
      }
      yield piece;
    }
  }
}

/** The whole file in memory, for browsers and tests. */
export async function encodeSafetensors(
  tensors: WritableTensors,
  options: SafetensorsOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const plan = planSafetensors(tensors, options);
  return joinPieces(streamSafetensors(plan), plan.byteLength);
}

/** All pieces in one array. */
export async function joinPieces(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  byteLength: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = new Uint8Array(byteLength);
  let reached = 0;
  for await (const piece of pieces) {
    file.set(piece, reached);
    reached += piece.length;
  }
  return file;
}

function encodeHeader(json: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > maximumHeaderBytes) {
    const fix = 'write fewer tensors to one file, or less metadata';
    throw failure({
      where: 'safetensors writer: header',
      expected: `at most ${maximumHeaderBytes} bytes`,
      got: `${length}`,
      fix,
    });
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

function readMetadata(metadata: SafetensorsOptions['metadata'] = {}): readonly (readonly [string, string])[] {
  const entries =
    metadata instanceof Map ? [...metadata] : Object.entries(metadata as Readonly<Record<string, string>>);
  for (const [key, value] of entries) {
    requireSafeName(key, `safetensors writer: ${metadataKey}`);
    if (typeof value === 'string') continue;
    const where = `safetensors writer: ${metadataKey}: ${quote(key)}`;
    throw failure({ where, expected: 'a string', got: typeof value, fix: 'turn it into text' });
  }
  return entries.sort(([a], [b]) => compareNames(a, b));
}

function requireWritable({ name, dtype, shape }: WritableTensor): void {
  const where = `safetensors writer: tensor ${quote(name)}`;
  requireSafeName(name, where);
  if (name === metadataKey) {
    throw failure({
      where,
      expected: 'another name',
      got: name,
      fix: `pass metadata as an option instead of a tensor`,
    });
  }
  if (!isDataType(dtype)) {
    const expected = `one of ${Object.keys(dataTypes).join(', ')}`;
    throw failure({ where, expected, got: String(dtype), fix: 'choose one of these types' });
  }
  if (Number.isNaN(elementsOf(shape))) {
    const expected = 'sizes that are integers of at least 0';
    throw failure({ where, expected, got: `[${shape.join(', ')}]`, fix: 'correct the shape' });
  }
}

function requireValues({ name, dtype, shape }: WritableTensor, values: TensorValues): void {
  const where = `safetensors writer: tensor ${quote(name)}`;
  const wanted = dataTypes[dtype].kind === 'float' ? 'Float32Array' : 'Int32Array';
  const got = values instanceof Int32Array ? 'Int32Array' : 'Float32Array';
  if (wanted !== got) {
    throw failure({
      where,
      expected: `a ${wanted} for ${dtype}`,
      got: `a ${got}`,
      fix: 'convert the values or store another type',
    });
  }
  const elements = elementsOf(shape);
  if (values.length !== elements) {
    const expected = `${elements} values for [${shape.join(', ')}]`;
    throw failure({ where, expected, got: `${values.length}`, fix: 'correct the shape or the values' });
  }
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
