import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError } from '@yoco-u/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeModelFolder } from '../model-folder-files.ts';
import { tensorOf, type WritableTensor } from '../safetensors-write.ts';
import { floats, sampleTensors } from '../testing.ts';
import { openModelFolder } from './model-folder.ts';
import { writeModelFolder } from './write-model-folder.ts';

let root = '';
const at = (name: string) => join(root, name);
const config = { model_type: 'yoco_u', stages: [{ type: 'self' }] };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'model-folder-'));
});

afterAll(() => rm(root, { recursive: true }));

describe('a written model folder', () => {
  test('reads back', async () => {
    const content = {
      config,
      tensors: sampleTensors(),
      tokenizerJson: '{"é":1}',
      generationConfig: { seed: 1 },
      metadata: { a: 'b' },
    };
    await writeModelFolder(at('new/deep'), content);
    await using folder = await openModelFolder(at('new/deep'));
    expect(folder.config).toEqual(config);
    expect(folder.tokenizerJson).toBe('{"é":1}');
    expect(folder.generationConfig).toEqual({ seed: 1 });
    expect(folder.metadata.get('a')).toBe('b');
    expect(await folder.tensors.get('model.embed.weight')?.read()).toEqual(floats(15));
    expect((await readdir(at('new/deep'))).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
  });

  test('is the same in memory, file by file', async () => {
    const content = { config, tensors: sampleTensors(), tokenizerJson: '{}', maximumFileBytes: 100 };
    await writeModelFolder(at('twin'), content);
    const files = await encodeModelFolder(content);
    expect([...files.keys()].sort()).toEqual((await readdir(at('twin'))).sort());
    for (const [name, bytes] of files) expect(Buffer.from(bytes).equals(await readFile(at(`twin/${name}`)))).toBe(true);
  });

  test('is split into shards of at most the given size, each tensor whole', async () => {
    const tensors = Array.from({ length: 12 }, (_, i) =>
      tensorOf(`layers.${i}.weight`, [i === 7 ? 50 : 10], floats(i === 7 ? 50 : 10, i)),
    );
    await writeModelFolder(at('shards'), { config, tensors, maximumFileBytes: 100 });
    const index = JSON.parse(await readFile(at('shards/model.safetensors.index.json'), 'utf8')) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    expect(index.metadata.total_size).toBe(640);
    expect(new Set(Object.values(index.weight_map)).size).toBe(7);
    expect(index.weight_map['layers.0.weight']).toBe('model-00001-of-00007.safetensors');
    await using folder = await openModelFolder(at('shards'));
    expect(folder.totalBytes).toBe(640);
    for (const tensor of tensors) expect(await folder.tensors.get(tensor.name)?.read()).toEqual(await tensor.read());
  });

  test('replaces another one: its weights go, its tokenizer stays', async () => {
    const many = Array.from({ length: 4 }, (_, i) => tensorOf(`t${i}`, [10], floats(10, i)));
    await writeModelFolder(at('again'), { config, tensors: many, tokenizerJson: '{}', maximumFileBytes: 40 });
    await writeFile(at('again/notes.safetensors'), 'kept');
    await writeModelFolder(at('again'), { config, tensors: sampleTensors() });
    expect((await readdir(at('again'))).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'notes.safetensors',
      'tokenizer.json',
    ]);
    await writeModelFolder(at('again'), { config, tensors: many, maximumFileBytes: 80 });
    await using folder = await openModelFolder(at('again'));
    expect(folder.tensors.size).toBe(4);
    expect((await readdir(at('again'))).filter((name) => name.startsWith('model'))).toHaveLength(3);
  });

  test('stays as it was when writing fails', async () => {
    await writeModelFolder(at('kept'), { config, tensors: sampleTensors() });
    const before = await readFile(at('kept/model.safetensors'));
    const lost: WritableTensor = {
      ...tensorOf('z', [1], floats(1)),
      read: () => Promise.reject(new Error('the device is gone')),
    };
    const writing = writeModelFolder(at('kept'), {
      config: {},
      tensors: [tensorOf('a', [1], floats(1)), lost],
      maximumFileBytes: 4,
    });
    await expect(writing).rejects.toThrow('the device is gone');
    expect((await readdir(at('kept'))).sort()).toEqual(['config.json', 'model.safetensors']);
    expect(await readFile(at('kept/model.safetensors'))).toEqual(before);
    expect(JSON.parse(await readFile(at('kept/config.json'), 'utf8'))).toEqual(config);
  });

  test('can be rewritten from itself', async () => {
    await writeModelFolder(at('self'), { config, tensors: sampleTensors() });
    await using folder = await openModelFolder(at('self'));
    await writeModelFolder(at('self'), {
      config: folder.config,
      tensors: folder.tensors,
      maximumFileBytes: 50,
    });
    await using again = await openModelFolder(at('self'));
    expect(await again.tensors.get('ids')?.read()).toEqual(Int32Array.of(-7, 2147483647, -2147483648, 0));
  });

  test('may not name a tensor twice, in two shards neither', async () => {
    const tensors = [tensorOf('a', [1], floats(1)), tensorOf('b', [1], floats(1)), tensorOf('a', [1], floats(1))];
    await expect(writeModelFolder(at('twice'), { config, tensors, maximumFileBytes: 4 })).rejects.toThrow('"a" twice');
  });
});

describe('openModelFolder', () => {
  test.each([
    ['nothing', 'absent', 'nothing under this path'],
    ['a file', 'plain', 'a file'],
  ])('refuses %s in place of a folder', async (_name, path, message) => {
    await writeFile(at('plain'), 'x');
    const opening = openModelFolder(at(path));
    await expect(opening).rejects.toThrow(CheckpointError);
    await expect(opening).rejects.toThrow(message);
  });

  test.each(['config.json', 'model.safetensors', 'tokenizer.json'])(
    'refuses a directory in place of %s',
    async (name) => {
      await writeModelFolder(at(`for-${name}`), { config, tensors: sampleTensors() });
      await rm(at(`for-${name}/${name}`), { force: true });
      await mkdir(at(`for-${name}/${name}`));
      const opening = openModelFolder(at(`for-${name}`));
      await expect(opening).rejects.toThrow(CheckpointError);
      await expect(opening).rejects.toThrow(`${name}: expected a file, got a directory`);
    },
  );

  test('refuses reads after it was closed', async () => {
    await writeModelFolder(at('closed'), { config, tensors: sampleTensors() });
    const folder = await openModelFolder(at('closed'));
    await folder.close();
    await expect(folder.tensors.get('half')?.read()).rejects.toThrow(CheckpointError);
  });
});
