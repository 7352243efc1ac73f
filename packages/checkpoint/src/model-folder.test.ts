import { CheckpointError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { type ByteSource, memorySource } from './byte-source.ts';
import { directoryHandleFiles, type FileContent, type ModelFiles, memoryFiles } from './model-files.ts';
import { openModelFolder } from './model-folder.ts';
import { encodeSafetensors, tensorOf } from './safetensors-write.ts';
import { createRandom, floats, sampleFile, sampleTensors } from './testing.ts';

const one = (name: string, seed = 1) => tensorOf(name, [3], floats(3, seed));

/** Two shards and their index, with chosen files replaced (undefined removes one). */
async function sharded(
  replaced: Readonly<Record<string, FileContent | undefined>> = {},
): Promise<Map<string, FileContent>> {
  const files = new Map<string, FileContent>([
    ['config.json', '{"model_type":"yoco_u"}'],
    [
      'model-00001-of-00002.safetensors',
      await encodeSafetensors([one('a'), one('b', 2)], { metadata: { format: 'pt' } }),
    ],
    ['model-00002-of-00002.safetensors', await encodeSafetensors([one('c', 3)])],
    ['model.safetensors.index.json', indexOf({ a: first, b: first, c: second })],
  ]);
  for (const [name, content] of Object.entries(replaced)) {
    if (content === undefined) files.delete(name);
    else files.set(name, content);
  }
  return files;
}

const first = 'model-00001-of-00002.safetensors';
const second = 'model-00002-of-00002.safetensors';
const indexName = 'model.safetensors.index.json';
const indexOf = (weights: unknown) => JSON.stringify({ metadata: { total_size: 36 }, weight_map: weights });

async function single(replaced: Readonly<Record<string, FileContent>> = {}): Promise<Map<string, FileContent>> {
  return new Map<string, FileContent>(
    Object.entries({ 'config.json': '{"a":1}', 'model.safetensors': await sampleFile(), ...replaced }),
  );
}

describe('openModelFolder', () => {
  test('gives config, generation config, tokenizer and tensors', async () => {
    const files = await single({ 'generation_config.json': '{"top_k":3}', 'tokenizer.json': '{"model":{}}' });
    await using folder = await openModelFolder(files);
    expect(folder.config).toEqual({ a: 1 });
    expect(folder.generationConfig).toEqual({ top_k: 3 });
    expect(folder.tokenizerJson).toBe('{"model":{}}');
    expect([...folder.tensors.keys()].sort()).toEqual(
      sampleTensors()
        .map(({ name }) => name)
        .sort(),
    );
    expect(folder.metadata.get('step')).toBe('12');
    expect(folder.totalBytes).toBe(15 * 4 + 21 * 2 + 6 * 2 + 3 * 8 + 4 * 8 + 3 * 4 + 5 + 4);
  });

  test('optional files may be missing', async () => {
    await using folder = await openModelFolder(await single());
    expect('tokenizerJson' in folder || 'generationConfig' in folder).toBe(false);
  });

  test('reads shards, file by file', async () => {
    await using folder = await openModelFolder(await sharded());
    expect([...folder.tensors.keys()]).toEqual(['a', 'b', 'c']);
    expect(await folder.tensors.get('c')?.read()).toEqual(floats(3, 3));
    expect(folder.tensors.get('c')?.file).toBe(`memory/${second}`);
    expect(folder.metadata.get('format')).toBe('pt');
    expect(folder.totalBytes).toBe(36);
  });

  test('takes blobs as well as bytes and text', async () => {
    const files = new Map([...(await sharded())].map(([name, content]) => [name, new Blob([content as BlobPart])]));
    await using folder = await openModelFolder(files);
    expect(await folder.tensors.get('b')?.read()).toEqual(floats(3, 2));
  });

  test('reads from a directory handle of a browser', async () => {
    const files = await sharded();
    const directory = {
      name: '',
      async getFileHandle(name: string) {
        const content = files.get(name);
        if (content === undefined) throw new DOMException('no such entry', 'NotFoundError');
        return { getFile: async () => new Blob([content as BlobPart]) };
      },
    };
    await using folder = await openModelFolder(directoryHandleFiles(directory));
    expect(folder.name).toBe('origin-private file system');
    expect(await folder.tensors.get('a')?.read()).toEqual(floats(3));
  });

  test('closes every source, when closed and when opening fails', async () => {
    for (const broken of [false, true]) {
      const open = new Set<string>();
      const files = memoryFiles(await sharded(broken ? { [second]: 'x' } : {}));
      const counting: ModelFiles = {
        name: files.name,
        async open(file) {
          const source = await files.open(file);
          if (source === undefined) return undefined;
          open.add(file);
          const close = async () => {
            open.delete(file);
          };
          return { ...source, close };
        },
      };
      if (broken) await expect(openModelFolder(counting)).rejects.toThrow(CheckpointError);
      else {
        const folder = await openModelFolder(counting);
        expect(open).toEqual(new Set([indexName, first, second]));
        await folder.close();
      }
      expect(open.size).toBe(0);
    }
  });
});

describe('folders that are refused', () => {
  const cases: readonly (readonly [string, () => Promise<Map<string, FileContent>>, string])[] = [
    ['no config', () => sharded({ 'config.json': undefined }), 'a model folder with config.json'],
    ['a config that is a list', () => single({ 'config.json': '[]' }), 'config.json: expected a JSON object'],
    ['a config with a key twice', () => single({ 'config.json': '{"a":1,"a":2}' }), 'config.json: line 1'],
    ['a config with __proto__', () => single({ 'config.json': '{"__proto__":{}}' }), '__proto__'],
    ['a config a million levels deep', () => single({ 'config.json': '{"a":'.repeat(1e6) }), 'levels of nesting'],
    ['a config that is not UTF-8', () => single({ 'config.json': Uint8Array.of(0x7b, 0xff, 0x7d) }), 'UTF-8'],
    ['a broken generation config', () => single({ 'generation_config.json': '{' }), 'generation_config.json'],
    ['a tokenizer that is not UTF-8', () => single({ 'tokenizer.json': Uint8Array.of(0xff) }), 'tokenizer.json'],
    ['no weights', () => sharded({ [indexName]: undefined }), 'model.safetensors or model.safetensors.index.json'],
    ['broken weights', () => single({ 'model.safetensors': new Uint8Array(100) }), 'model.safetensors: header length'],
    ['missing shards', () => sharded({ [first]: undefined, [second]: undefined }), `2 missing: ${first}, ${second}`],
    ['a broken shard', () => sharded({ [second]: new Uint8Array(3) }), second],
    ['no weight_map', () => sharded({ [indexName]: '{}' }), 'weight_map: expected an object'],
    ['a weight_map that is a list', () => sharded({ [indexName]: indexOf([]) }), 'weight_map'],
    [
      'a way out of the folder',
      () => sharded({ [indexName]: indexOf({ a: '../x.safetensors' }) }),
      'in the same folder, got "../x',
    ],
    ['an absolute path', () => sharded({ [indexName]: indexOf({ a: '/x.safetensors' }) }), 'in the same folder'],
    ['a Windows path', () => sharded({ [indexName]: indexOf({ a: 'c:\\x.safetensors' }) }), 'in the same folder'],
    ['a shard in a folder', () => sharded({ [indexName]: indexOf({ a: 'b/x.safetensors' }) }), 'in the same folder'],
    ['a URL as shard', () => sharded({ [indexName]: indexOf({ a: 'https://x/y.safetensors' }) }), 'in the same folder'],
    ['a shard with a NUL', () => sharded({ [indexName]: indexOf({ a: 'x\u0000.safetensors' }) }), 'in the same folder'],
    ['a shard that is a number', () => sharded({ [indexName]: indexOf({ a: 1 }) }), '"a": expected the name'],
    ['a shard of another kind', () => sharded({ [indexName]: indexOf({ a: 'config.json' }) }), 'a .safetensors file'],
    ['a reserved tensor name', () => sharded({ [indexName]: indexOf({ constructor: first }) }), 'an ordinary name'],
    [
      'an index with a key twice',
      () => sharded({ [indexName]: `{"weight_map":{"a":"${first}","a":"${second}"}}` }),
      'only once',
    ],
    [
      'a tensor in the wrong shard',
      () => sharded({ [indexName]: indexOf({ a: second, b: first, c: second }) }),
      '1 missing: "a" in',
    ],
    [
      'a tensor in no shard',
      () => sharded({ [indexName]: indexOf({ a: first, b: first, c: second, d: first }) }),
      '"d" in',
    ],
    [
      'a tensor the index leaves out',
      () => sharded({ [indexName]: indexOf({ a: first, c: second }) }),
      '"b": expected an index',
    ],
    [
      'a tensor in two shards',
      async () => sharded({ [second]: await encodeSafetensors([one('c'), one('b')]) }),
      `tensor "b": expected one file that holds it, got memory/${first} and memory/${second}`,
    ],
  ];

  test.each(cases)('%s', async (_name, files, message) => {
    const error = await openModelFolder(await files()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain('memory');
    expect((error as Error).message).toContain(message);
  });

  test('a path is refused with the entry that takes it', async () => {
    await expect(openModelFolder('./models/x')).rejects.toThrow('@yoco-u/checkpoint/node');
  });
});

test('3000 mutations of a sharded folder are read or refused with a CheckpointError', async () => {
  const random = createRandom(77);
  const below = (limit: number) => Math.floor(random() * limit);
  const valid = await sharded();
  const names = [...valid.keys()];
  const encoder = new TextEncoder();
  const counts = { read: 0, refused: 0 };
  for (let round = 0; round < 3000; round++) {
    const files = new Map(valid);
    const name = names[below(names.length)];
    const content = valid.get(name);
    const bytes = typeof content === 'string' ? encoder.encode(content) : new Uint8Array(content as Uint8Array);
    for (let i = below(3); i >= 0; i--) bytes[below(bytes.length)] = random() < 0.5 ? 0x20 + below(0x60) : below(256);
    if (round % 10 === 0) files.delete(name);
    else files.set(name, round % 10 === 1 ? bytes.subarray(0, below(bytes.length)) : bytes);
    try {
      await using folder = await openModelFolder(files);
      for (const entry of folder.tensors.values()) await entry.read();
      counts.read++;
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      counts.refused++;
    }
  }
  expect(counts.read).toBeGreaterThan(0);
  expect(counts.refused).toBeGreaterThan(1500);
});

test('a source that gives nothing under a name is not asked twice for it', async () => {
  const asked: string[] = [];
  const weights = await sampleFile();
  const files: ModelFiles = {
    name: 'here',
    async open(file): Promise<ByteSource | undefined> {
      asked.push(file);
      if (file === 'config.json') return memorySource(new TextEncoder().encode('{}'), file);
      return file === 'model.safetensors' ? memorySource(weights, file) : undefined;
    },
  };
  await openModelFolder(files);
  expect(asked).toEqual([...new Set(asked)]);
});
