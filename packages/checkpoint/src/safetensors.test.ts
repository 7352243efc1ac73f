import { CheckpointError, ShapeError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { blobSource, memorySource } from './byte-source.ts';
import { openSafetensors } from './safetensors-read.ts';
import { encodeSafetensors, planSafetensors, storedAs, tensorOf, type WritableTensor } from './safetensors-write.ts';
import { fileOf, floats, sampleFile, sampleTensors, watched } from './testing.ts';

const open = async (bytes: Uint8Array) => openSafetensors(memorySource(bytes, 'm.safetensors'));

describe('a written file', () => {
  test('reads back: names, types, shapes, metadata', async () => {
    const { tensors, metadata } = await open(await sampleFile());
    const facts = (list: Iterable<Pick<WritableTensor, 'name' | 'dtype' | 'shape'>>) =>
      Array.from(list, ({ name, dtype, shape }) => ({ name, dtype, shape })).sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(facts(tensors.values())).toEqual(facts(sampleTensors()));
    expect([...metadata]).toEqual([
      ['format', 'pt'],
      ['step', '12'],
    ]);
  });

  test('reads back: values, exactly where the type holds them and rounded where not', async () => {
    const { tensors } = await open(await sampleFile());
    for (const { name, dtype, read } of sampleTensors()) {
      const values = await read();
      const got = await tensors.get(name)?.read();
      expect(got?.constructor).toBe(values.constructor);
      const relative = dtype === 'F16' ? 2 ** -11 : dtype === 'BF16' ? 2 ** -8 : 0;
      for (let i = 0; i < values.length; i++) {
        expect(Math.abs((got?.[i] ?? Number.NaN) - values[i])).toBeLessThanOrEqual(Math.abs(values[i]) * relative);
      }
    }
  });

  test('has sorted keys, a header of a multiple of 8 bytes, and aligned data', async () => {
    const bytes = await sampleFile();
    const length = new DataView(bytes.buffer).getUint32(0, true);
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      { data_offsets?: number[] }
    >;
    const keys = Object.keys(header);
    expect(keys).toEqual([...keys].sort());
    for (const { name, dtype } of sampleTensors()) {
      const width = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, U8: 1 }[dtype];
      expect((header[name].data_offsets?.[0] ?? Number.NaN) % width).toBe(0);
    }
  });

  test('is the same whatever the order of the tensors', async () => {
    const reversed = await encodeSafetensors(sampleTensors().reverse(), { metadata: { step: '12', format: 'pt' } });
    expect(reversed).toEqual(await sampleFile());
  });

  test('is the same when it is copied entry by entry', async () => {
    const { tensors, metadata } = await open(await sampleFile());
    expect(await encodeSafetensors(tensors, { metadata })).toEqual(await sampleFile());
  });

  test('keeps odd names', async () => {
    const names = ['', 'ü/\\"\n', '😀', 'toString', 'a'.repeat(1000)];
    const { tensors } = await open(
      await encodeSafetensors(names.map((name, i) => tensorOf(name, [], Int32Array.of(i)))),
    );
    expect([...tensors.keys()].sort()).toEqual([...names].sort());
  });

  test('converts between types on the way', async () => {
    const { tensors } = await open(
      await encodeSafetensors([storedAs(tensorOf('a', [3], Float32Array.of(1, 0.1, -3)), 'BF16')]),
    );
    expect(await tensors.get('a')?.readFloat32()).toEqual(Float32Array.of(1, 0.10009765625, -3));
    expect(tensors.get('a')?.byteLength).toBe(6);
  });
});

describe('partial reads', () => {
  test('rows of every type equal the slice of the whole', async () => {
    const { tensors } = await open(await sampleFile());
    for (const entry of tensors.values()) {
      const all = await entry.read();
      for (let start = 0; start <= entry.rows; start++) {
        for (let count = 0; start + count <= entry.rows; count++) {
          const slice = all.slice(start * entry.rowLength, (start + count) * entry.rowLength);
          expect(await entry.read({ start, count })).toEqual(slice);
        }
      }
    }
  });

  test('chunks cover all rows once, within the limit where a row allows it', async () => {
    const { tensors } = await open(await sampleFile());
    for (const entry of tensors.values()) {
      for (const limit of [1, 24, 100, undefined]) {
        const values: number[] = [];
        let next = 0;
        for await (const chunk of entry.chunks(limit)) {
          expect(chunk.start).toBe(next);
          expect(chunk.values.byteLength).toBeLessThanOrEqual(
            Math.max(limit ?? Number.POSITIVE_INFINITY, entry.rowLength * 4),
          );
          next += chunk.count;
          values.push(...chunk.values);
        }
        expect(next).toBe(entry.rows);
        expect(values).toEqual([...(await entry.read())]);
      }
    }
  });

  test('nothing but the header is read on opening, and tensors beyond 4 MiB are converted in pieces', async () => {
    const elements = 5 * 2 ** 20 + 3;
    const file = await encodeSafetensors([tensorOf('big', [elements], floats(elements), 'F16')]);
    let longest = 0;
    let total = 0;
    const source = watched(memorySource(file, 'm'), (_, length) => {
      longest = Math.max(longest, length);
      total += length;
    });
    const big = (await openSafetensors(source)).tensors.get('big');
    expect(total).toBe(file.length - elements * 2);
    const values = await big?.readFloat32();
    expect(longest).toBe(4 * 2 ** 20);
    expect(total).toBe(file.length);
    expect(values?.[elements - 1]).toBeCloseTo(floats(elements)[elements - 1], 3);
  });

  test('values go into an array of the caller, in shared memory too', async () => {
    const { tensors } = await open(await sampleFile());
    for (const name of ['half', 'model.embed.weight']) {
      const entry = tensors.get(name);
      const shared = new Float32Array(new SharedArrayBuffer(400), 16, entry?.elements);
      expect(await entry?.readFloat32({ into: shared })).toBe(shared);
      expect([...shared]).toEqual([...((await entry?.read()) ?? [])]);
    }
  });

  test('stored bytes are given as they are', async () => {
    const { tensors } = await open(
      await encodeSafetensors([tensorOf('a', [2, 2], Float32Array.of(1, 2, -1, 0), 'F16')]),
    );
    const bytes = await tensors.get('a')?.readBytes({ rows: { start: 1, count: 1 } });
    expect(bytes).toEqual(Uint8Array.of(0x00, 0xbc, 0, 0));
  });

  test('a Blob reads as memory does', async () => {
    const bytes = await sampleFile();
    const { tensors } = await openSafetensors(blobSource(new Blob([bytes]), 'dropped'));
    for (const [name, entry] of (await open(bytes)).tensors)
      expect(await tensors.get(name)?.read()).toEqual(await entry.read());
  });
});

describe('errors', () => {
  test('the wrong kind is refused', async () => {
    const { tensors } = await open(await sampleFile());
    await expect(tensors.get('ids')?.readFloat32()).rejects.toThrow(
      'm.safetensors: tensor "ids": expected a tensor of a float type, got I64',
    );
    await expect(tensors.get('half')?.readInt32()).rejects.toThrow(CheckpointError);
  });

  test('an int64 beyond int32 is named', async () => {
    const file = fileOf('{"ids":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}', 16);
    await expect((await open(file)).tensors.get('ids')?.read()).rejects.toThrow(
      'tensor "ids": element 0: expected an integer',
    );
  });

  test.each([
    [-1, 1],
    [0, 6],
    [5, 1],
    [0.5, 1],
    [0, Number.NaN],
  ])('rows %s + %s are refused', async (start, count) => {
    const { tensors } = await open(await sampleFile());
    await expect(tensors.get('model.embed.weight')?.read({ start, count })).rejects.toThrow(ShapeError);
  });

  test('a target of another length is refused', async () => {
    const { tensors } = await open(await sampleFile());
    await expect(tensors.get('half')?.readFloat32({ into: new Float32Array(20) })).rejects.toThrow(
      'room for 21 elements',
    );
  });

  test.each([
    ['duplicate names', [tensorOf('a', [], Float32Array.of(1)), tensorOf('a', [], Float32Array.of(1))], '"a" twice'],
    ['a reserved name', [tensorOf('__proto__', [], Float32Array.of(1))], 'an ordinary name'],
    ['the name of the metadata', [tensorOf('__metadata__', [], Float32Array.of(1))], 'another name'],
    ['too few values', [tensorOf('a', [2, 3], floats(5))], '6 values for [2, 3], got 5'],
    ['a bad shape', [tensorOf('a', [2.5], floats(5))], '[2.5]'],
    ['floats for integers', [tensorOf('a', [5], floats(5), 'I64')], 'a Int32Array for I64'],
    ['an unknown type', [{ ...tensorOf('a', [5], floats(5)), dtype: 'F8' as 'F16' }], 'F8'],
    [
      '256 as a byte',
      [tensorOf('a', [2], Int32Array.of(1, 256), 'U8')],
      'element 1: expected an integer from 0 to 255, got 256',
    ],
  ])('writing %s is refused', async (_name, tensors, message) => {
    const write = encodeSafetensors(tensors);
    await expect(write).rejects.toThrow(CheckpointError);
    await expect(write).rejects.toThrow(message);
  });

  test('metadata must be text', () => {
    expect(() => planSafetensors([], { metadata: { step: 3 as unknown as string } })).toThrow(CheckpointError);
  });
});
