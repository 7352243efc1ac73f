import { CheckpointError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { memorySource } from './byte-source.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';
import { fileOf } from './testing.ts';

const read = (bytes: Uint8Array) => readSafetensorsHeader(memorySource(bytes, 'm.safetensors'));

const entry = (offsets: string, shape = '[2]', dtype = '"F32"') =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;

describe('files that are read', () => {
  test('the smallest one', async () => {
    expect((await read(fileOf('{}'))).tensors).toEqual([]);
  });

  test('tensors in any order of the header, with metadata, padding and unknown keys', async () => {
    const header = `{"b":${entry('[8,16]')},"__metadata__":{"format":"pt"},"a":{"extra":1,"dtype":"I64","shape":[],"data_offsets":[0,8]}}  `;
    const { tensors, metadata, dataStart } = await read(fileOf(header, 16));
    expect(tensors.map(({ name, shape, start }) => [name, shape, start])).toEqual([
      ['a', [], 0],
      ['b', [2], 8],
    ]);
    expect([...metadata]).toEqual([['format', 'pt']]);
    expect(dataStart).toBe(8 + header.length);
  });

  test('tensors without elements between others', async () => {
    const header = `{"x":${entry('[0,8]')},"y":${entry('[8,8]', '[0,3]')},"z":${entry('[8,16]')}}`;
    expect((await read(fileOf(header, 16))).tensors.map(({ name }) => name)).toEqual(['x', 'y', 'z']);
  });
});

describe('files that are refused', () => {
  const bad: readonly (readonly [string, Uint8Array, string])[] = [
    ['an empty file', new Uint8Array(0), 'm.safetensors: expected a safetensors file of at least 8 bytes, got 0 bytes'],
    ['7 bytes', new Uint8Array(7), 'got 7 bytes'],
    ['a header length of zero', fileOf('{}', 0, 0), 'header length'],
    ['a header length beyond the file', fileOf('{}', 0, 3), 'expected 1 to 2 bytes, got 3'],
    [
      'a header length beyond the limit',
      fileOf('{}', 2 ** 25, 2 ** 25 + 1),
      'expected 1 to 33554432 bytes, got 33554433',
    ],
    ['a header length near 2^64', fileOf('{}', 0, 2n ** 64n - 1n), 'this is not a safetensors file'],
    ['a header that is an array', fileOf('[]'), "expected '{' as its first byte"],
    ['a header that begins with white space', fileOf(' {}'), "expected '{'"],
    ['a header that is not JSON', fileOf('{nonsense}'), 'header: line 1, column 2'],
    ['a header that goes on after its end', fileOf('{}x'), 'nothing after the value'],
    ['bad UTF-8', fileOf(Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d)), 'expected UTF-8 text'],
    ['a lone continuation byte', fileOf(Uint8Array.of(0x7b, 0x80, 0x7d)), 'expected UTF-8 text'],
    ['a tensor twice', fileOf(`{"a":${entry('[0,8]')},"a":${entry('[0,8]')}}`, 8), 'the key "a" only once'],
    ['a tensor that is a number', fileOf('{"a":1}'), 'tensor "a": expected an object'],
    ['a tensor that is null', fileOf('{"a":null}'), 'got null'],
    ['no dtype', fileOf('{"a":{"shape":[],"data_offsets":[0,4]}}', 4), 'tensor "a": dtype: expected one of F64'],
    ['an unknown dtype', fileOf(`{"a":${entry('[0,8]', '[2]', '"C64"')}}`, 8), 'got "C64"'],
    ['a dtype from the prototype', fileOf(`{"a":${entry('[0,8]', '[2]', '"toString"')}}`, 8), 'got "toString"'],
    ['a dtype that is a list', fileOf(`{"a":${entry('[0,8]', '[2]', '["F32"]')}}`, 8), 'dtype'],
    ['no shape', fileOf('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), 'tensor "a": shape'],
    ['a fractional size', fileOf(`{"a":${entry('[0,8]', '[2.5]')}}`, 8), 'tensor "a": shape'],
    ['a negative size', fileOf(`{"a":${entry('[0,8]', '[-2]')}}`, 8), 'got "[-2]"'],
    ['a size as text', fileOf(`{"a":${entry('[0,8]', '["2"]')}}`, 8), 'shape'],
    ['a size beyond 2^53', fileOf(`{"a":${entry('[0,8]', '[9007199254740993]')}}`, 8), 'shape'],
    ['a size that is infinite', fileOf(`{"a":${entry('[0,8]', '[1e999]')}}`, 8), 'shape'],
    ['a product that overflows', fileOf(`{"a":${entry('[0,8]', '[4294967296,4294967296]')}}`, 8), 'shape'],
    ['no offsets', fileOf('{"a":{"dtype":"F32","shape":[1]}}', 4), 'data_offsets'],
    ['three offsets', fileOf(`{"a":${entry('[0,8,8]')}}`, 8), 'data_offsets'],
    ['offsets as text', fileOf(`{"a":${entry('["0","8"]')}}`, 8), 'data_offsets'],
    ['negative offsets', fileOf(`{"a":${entry('[-8,0]')}}`, 8), 'got "[-8,0]"'],
    ['reversed offsets', fileOf(`{"a":${entry('[8,0]')}}`, 8), 'data_offsets'],
    ['fractional offsets', fileOf(`{"a":${entry('[0,7.5]')}}`, 8), 'data_offsets'],
    ['offsets beyond the file', fileOf(`{"a":${entry('[0,16]', '[4]')}}`, 8), '0 <= start <= end <= 8'],
    ['offsets beyond 2^53', fileOf(`{"a":${entry('[9007199254740992,9007199254741000]')}}`, 8), 'data_offsets'],
    [
      'bytes that differ from the shape',
      fileOf(`{"a":${entry('[0,8]', '[3]')}}`, 8),
      '12 bytes for F32 [3], got 8 bytes',
    ],
    [
      'overlapping tensors',
      fileOf(`{"a":${entry('[0,8]')},"b":${entry('[4,12]')}}`, 12),
      '"b": data_offsets: expected data from byte 8',
    ],
    ['two tensors on the same bytes', fileOf(`{"a":${entry('[0,8]')},"b":${entry('[0,8]')}}`, 8), 'overlaps'],
    ['a gap', fileOf(`{"a":${entry('[0,8]')},"b":${entry('[12,20]')}}`, 20), 'leaves a gap'],
    ['a gap at the start', fileOf(`{"a":${entry('[4,12]')}}`, 12), 'leaves a gap'],
    [
      'bytes left over',
      fileOf(`{"a":${entry('[0,8]')}}`, 9),
      'm.safetensors: data: expected 8 bytes, as its tensors need, got 9 bytes',
    ],
    ['bytes missing', fileOf(`{"a":${entry('[0,8]')}}`, 7), 'download or write it again'],
    ['__proto__', fileOf(`{"__proto__":${entry('[0,8]')}}`, 8), '__proto__'],
    ['constructor', fileOf(`{"constructor":${entry('[0,8]')}}`, 8), 'expected an ordinary name, got "constructor"'],
    ['metadata that is a list', fileOf('{"__metadata__":[]}'), '__metadata__: expected an object of strings'],
    ['metadata of numbers', fileOf('{"__metadata__":{"step":1}}'), '__metadata__: "step": expected a string, got 1'],
    ['metadata named prototype', fileOf('{"__metadata__":{"prototype":"x"}}'), 'expected an ordinary name'],
    ['a million levels of nesting', fileOf(`{"a":${'['.repeat(1e6)}`), 'levels of nesting'],
  ];

  test.each(bad)('%s', async (_name, bytes, message) => {
    const error = await read(bytes).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain('m.safetensors');
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain('; ');
  });

  test('long names are cut in messages', async () => {
    const error = await read(fileOf(`{"${'n'.repeat(100_000)}":1}`)).catch((caught: unknown) => caught);
    expect((error as Error).message.length).toBeLessThan(400);
  });
});
