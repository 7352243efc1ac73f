/**
 * The header of a safetensors file: 8 bytes of length (little-endian), that many bytes of JSON, then the data. Every rule of the
 * format is checked before any tensor is used.
 *
 * Format: https://github.com/huggingface/safetensors#format
 */
import { type ByteSource, decodeUtf8 } from './byte-source.ts';
import { type DataType, dataTypes, elementsOf, isDataType } from './data-type.ts';
import { describeValue, downloadAgain, failure, quote } from './fail.ts';
import { isJsonObject, parseJsonObject } from './strict-json.ts';

/**
 * In bytes: 100,000 tensors need 10 MB. The official implementation accepts 100 MB; parsed, that would be gigabytes that a hostile
 * file can ask for.
 */
export const maximumHeaderBytes = 2 ** 25;

export const metadataKey = '__metadata__';

/** Names that would be dangerous as keys of plain objects, here or in other readers. */
const reservedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** One tensor's place in the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** In bytes from the start of the data. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their data. */
  readonly tensors: readonly TensorInfo[];
  /** Where the data begins, in bytes from the start of the file. */
  readonly dataStart: number;
}

/** Reads and checks the header. Throws `CheckpointError` that names the file and the tensor or key. */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { name: file, size } = source;
  if (size < 8) {
    throw failure({
      where: file,
      expected: 'a safetensors file of at least 8 bytes',
      got: `${size} bytes`,
      fix: downloadAgain,
    });
  }
  const length = readLength(await source.read(0, 8));
  if (length === 0 || length > maximumHeaderBytes || length > size - 8) {
    throw failure({
      where: `${file}: header length`,
      expected: `1 to ${Math.min(maximumHeaderBytes, size - 8)} bytes`,
      got: String(length),
      fix:
        length > 0 && length <= maximumHeaderBytes ? downloadAgain : 'this is not a safetensors file, or it is damaged',
    });
  }
  const bytes = await source.read(8, length);
  if (bytes[0] !== 0x7b) {
    const got = `byte 0x${bytes[0].toString(16).padStart(2, '0')}`;
    throw failure({
      where: `${file}: header`,
      expected: "'{' as its first byte",
      got,
      fix: 'this is not a safetensors file',
    });
  }
  const header = parseJsonObject(decodeUtf8(bytes, `${file}: header`), `${file}: header`);
  const dataStart = 8 + length;
  return {
    metadata: parseMetadata(header[metadataKey], file),
    tensors: parseTensors(header, file, size - dataStart),
    dataStart,
  };
}

/** Throws `CheckpointError` for a name that no tensor and no metadata may have. */
export function requireSafeName(name: string, where: string): void {
  if (!reservedNames.has(name)) return;
  const fix = 'rename it: the name collides with what every JavaScript object inherits';
  throw failure({ where, expected: 'an ordinary name', got: quote(name), fix });
}

function readLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
}

function parseMetadata(value: unknown, file: string): ReadonlyMap<string, string> {
  const where = `${file}: ${metadataKey}`;
  if (value === undefined) return new Map();
  if (!isJsonObject(value)) {
    const fix = 'metadata is a map of strings; remove or correct it';
    throw failure({ where, expected: 'an object of strings', got: describeValue(value), fix });
  }
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    requireSafeName(key, where);
    if (typeof text !== 'string') {
      const fix = 'write it as a string';
      throw failure({ where: `${where}: ${quote(key)}`, expected: 'a string', got: describeValue(text), fix });
    }
    metadata.set(key, text);
  }
  return metadata;
}

function parseTensors(
  header: Readonly<Record<string, unknown>>,
  file: string,
  dataBytes: number,
): readonly TensorInfo[] {
  const tensors: TensorInfo[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== metadataKey) tensors.push(parseTensor(name, value, file, dataBytes));
  }
  tensors.sort((a, b) => a.start - b.start || a.end - b.end);
  let reached = 0;
  for (const { name, start, end } of tensors) {
    if (start !== reached) {
      const kind = start < reached ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw failure({
        where: `${file}: tensor ${quote(name)}: data_offsets`,
        expected: `data from byte ${reached} on`,
        got: `${start}, which ${kind}`,
        fix: downloadAgain,
      });
    }
    reached = end;
  }
  if (reached !== dataBytes) {
    throw failure({
      where: `${file}: data`,
      expected: `${reached} bytes, as its tensors need`,
      got: `${dataBytes} bytes`,
      fix: downloadAgain,
    });
  }
  return tensors;
}

function parseTensor(name: string, value: unknown, file: string, dataBytes: number): TensorInfo {
  const where = `${file}: tensor ${quote(name)}`;
  requireSafeName(name, file);
  if (!isJsonObject(value)) {
    const expected = 'an object of dtype, shape and data_offsets';
    throw failure({ where, expected, got: describeValue(value), fix: downloadAgain });
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDataType(dtype)) {
    const expected = `one of ${Object.keys(dataTypes).join(', ')}`;
    const fix = 'convert the tensor to one of these types';
    throw failure({ where: `${where}: dtype`, expected, got: describeValue(dtype), fix });
  }
  if (!isNumbers(shape) || Number.isNaN(elementsOf(shape))) {
    const expected = 'a list of integers of at least 0 with a product below 2^53';
    throw failure({ where: `${where}: shape`, expected, got: describeList(shape), fix: downloadAgain });
  }
  if (!isNumbers(offsets) || offsets.length !== 2 || !isRange(offsets[0], offsets[1], dataBytes)) {
    const expected = `[start, end] with 0 <= start <= end <= ${dataBytes}`;
    throw failure({ where: `${where}: data_offsets`, expected, got: describeList(offsets), fix: downloadAgain });
  }
  const [start, end] = offsets;
  const bytes = elementsOf(shape) * dataTypes[dtype].bytes;
  if (bytes !== end - start) {
    const expected = `${bytes} bytes for ${dtype} [${shape.join(', ')}]`;
    throw failure({ where: `${where}: data_offsets`, expected, got: `${end - start} bytes`, fix: downloadAgain });
  }
  return { name, dtype, shape: shape.map((size) => size + 0), start, end };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isRange(start: number, end: number, limit: number): boolean {
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= limit;
}

function describeList(value: unknown): string {
  return Array.isArray(value) && value.length <= 16 ? quote(JSON.stringify(value)) : describeValue(value);
}
