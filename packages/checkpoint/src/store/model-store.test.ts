import { createHash } from 'node:crypto';
import { CheckpointError } from '@yoco-u/spec';
import { beforeEach, describe, expect, test } from 'vitest';
import { type ModelFiles, memoryFiles } from '../model-files.ts';
import { openModelFolder } from '../model-folder.ts';
import { encodeModelFolder } from '../model-folder-files.ts';
import { tensorOf } from '../safetensors-write.ts';
import { floats, sampleTensors } from '../testing.ts';
import { type IncomingFile, listIncomingFiles } from './incoming-files.ts';
import { createModelStore, type ModelStore } from './model-store.ts';
import { receiveInMemory } from './receive.ts';
import type { StoreDirectory, StoreFile } from './store-directory.ts';

interface Disk {
  room: number;
  /** Tells of a lack of room as private windows of Chromium do: by what a write returns, after a part of it. */
  readonly odd?: boolean;
}

/** A directory in memory that takes so many bytes in all. */
function directoryOf(disk: Disk): StoreDirectory & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const folders = new Map<string, StoreDirectory & { readonly files: Map<string, Uint8Array> }>();
  const missing = (): never => {
    throw new DOMException('no such entry', 'NotFoundError');
  };
  const fileOf = (name: string): StoreFile => ({
    name,
    getFile: async () => new Blob([files.get(name)!]),
    async createSyncAccessHandle() {
      let bytes = files.get(name)!;
      const set = (content: Uint8Array<ArrayBuffer>): void => {
        disk.room -= content.length - bytes.length;
        bytes = content;
        files.set(name, bytes);
      };
      return {
        getSize: () => bytes.length,
        write(more, { at }) {
          const fits = at + more.length - bytes.length <= disk.room;
          if (!fits && !disk.odd) throw new DOMException('no room', 'QuotaExceededError');
          // a file system need not take all at once
          const taken = fits ? more.slice(0, 300_000) : new Uint8Array(Math.max(0, disk.room - at + bytes.length));
          const grown = new Uint8Array(Math.max(bytes.length, at + taken.length));
          grown.set(bytes);
          grown.set(taken, at);
          set(grown);
          return fits ? taken.length : 2 ** 32 - 8;
        },
        truncate: (size) => set(bytes.slice(0, size)),
        flush() {},
        close() {},
      };
    },
  });
  return {
    files,
    async getDirectoryHandle(name, { create } = { create: false }) {
      if (create && !folders.has(name)) folders.set(name, directoryOf(disk));
      return folders.get(name) ?? missing();
    },
    async getFileHandle(name, { create } = { create: false }) {
      if (create && !files.has(name)) files.set(name, new Uint8Array());
      return files.has(name) ? fileOf(name) : missing();
    },
    async removeEntry(name) {
      const folder = folders.get(name) ?? missing();
      for (const content of folder.files.values()) disk.room += content.length;
      folders.delete(name);
    },
    async *keys() {
      yield* folders.keys();
    },
  };
}

/** Files as a server gives them that tells their version, or their hash. */
function withFacts(files: ModelFiles, facts: { readonly version?: string; readonly sha256?: string }): ModelFiles {
  return {
    name: files.name,
    async open(file) {
      const found = await files.open(file);
      return found === undefined ? undefined : { ...found, ...facts };
    },
  };
}

let disk: Disk;
let root: ReturnType<typeof directoryOf>;
let store: ModelStore;
let source: ModelFiles;
let contents: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

beforeEach(async () => {
  disk = { room: 2 ** 30 };
  root = directoryOf(disk);
  store = createModelStore(root, async () => undefined);
  contents = await encodeModelFolder({
    config: { model_type: 'example' },
    tensors: [...sampleTensors(), tensorOf('large', [1201, 1000], floats(1_201_000))],
    tokenizerJson: '{"é":1}',
  });
  source = withFacts(memoryFiles(contents, 'example'), { version: '1' });
});

const check = async (files: ReadonlyMap<string, Blob>): Promise<void> => {
  await using _folder = await openModelFolder(files);
};
const options = { name: 'an example', source: 'https://example.test/model', check };

async function expectWhole(files: ReadonlyMap<string, Blob>): Promise<void> {
  expect([...files.keys()].sort()).toEqual([...contents.keys()].sort());
  for (const [name, blob] of files)
    expect(Buffer.from(await blob.arrayBuffer()).equals(contents.get(name)!)).toBe(true);
}

/** Files that break off after so many pieces in all. */
function breakingAfter(files: readonly IncomingFile[], pieces: number): readonly IncomingFile[] {
  let left = pieces;
  return files.map((file) => ({
    ...file,
    async *read(offset: number) {
      for await (const piece of file.read(offset)) {
        if (left-- === 0) throw new Error('the line went dead');
        yield piece;
      }
    },
  }));
}

describe('a model store', () => {
  test('takes a model in once, lists it, opens it and lets go of it', async () => {
    const files = await listIncomingFiles(source);
    const progress: number[] = [];
    const total = [...contents.values()].reduce((sum, { length }) => sum + length, 0);
    const added = await store.add(files, { ...options, onProgress: (done) => progress.push(done) });
    expect(added.stored).toBe(true);
    await expectWhole(added.files);
    expect(progress.at(-1)).toBe(total);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    const [stored, ...others] = await store.list();
    expect(others).toEqual([]);
    const { name, source: address } = options;
    expect(stored).toMatchObject({ name, source: address, complete: true, storedBytes: total, totalBytes: total });
    await expectWhole(await store.open(stored!.id));
    const again = await store.add(breakingAfter(files, 0), options);
    await expectWhole(again.files);
    await store.remove(stored!.id);
    expect(await store.list()).toEqual([]);
    await expect(store.open(stored!.id)).rejects.toThrow(CheckpointError);
    expect(disk.room).toBe(2 ** 30);
  });

  test.each([0, 1, 2, 3, 4])('goes on where it broke off, after piece %i', async (pieces) => {
    const files = await listIncomingFiles(source);
    await expect(store.add(breakingAfter(files, pieces), options)).rejects.toThrow('the line went dead');
    const [partial] = await store.list();
    expect(partial).toMatchObject({ complete: false });
    await expect(store.open(partial!.id)).rejects.toThrow(CheckpointError);
    let read = 0;
    const watched = files.map((file) => ({
      ...file,
      async *read(offset: number) {
        for await (const piece of file.read(offset)) {
          read += piece.length;
          yield piece;
        }
      },
    }));
    const { files: whole } = await store.add(watched, options);
    await expectWhole(whole);
    expect(read).toBe(partial!.totalBytes - partial!.storedBytes);
    expect(await store.list()).toMatchObject([{ complete: true }]);
  });

  test('begins again with files that changed', async () => {
    const files = await listIncomingFiles(source);
    await expect(store.add(breakingAfter(files, 3), options)).rejects.toThrow();
    contents = await encodeModelFolder({ config: { model_type: 'another' }, tensors: sampleTensors() });
    const changed = withFacts(memoryFiles(contents), { version: '1' });
    const { files: whole } = await store.add(await listIncomingFiles(changed), options);
    await expectWhole(whole);
  });

  /** Adds files, and tells how many bytes of them were asked for. */
  async function bytesAskedFor(files: readonly IncomingFile[]): Promise<number> {
    let asked = 0;
    const watched = files.map((file) => ({
      ...file,
      async *read(offset: number) {
        asked += file.size - offset;
        yield* file.read(offset);
      },
    }));
    await expectWhole((await store.add(watched, options)).files);
    return asked;
  }
  const sizeOf = (files: readonly IncomingFile[]): number => files.reduce((sum, { size }) => sum + size, 0);
  const folderOf = async (id: string) => (await root.getDirectoryHandle(id)) as ReturnType<typeof directoryOf>;

  test('never goes on with a file that cannot be told from another of the same size', async () => {
    const files = await listIncomingFiles(memoryFiles(contents, 'example'));
    await expect(store.add(breakingAfter(files, 4), options)).rejects.toThrow();
    expect(await bytesAskedFor(files)).toBe(sizeOf(files));
    // nor is one that is complete taken for it
    expect(await bytesAskedFor(files)).toBe(sizeOf(files));
    const [newer, older] = await Promise.all(
      ['2', '1'].map((version) => listIncomingFiles(withFacts(source, { version }))),
    );
    await expect(store.add(breakingAfter(older!, 4), options)).rejects.toThrow();
    expect(await bytesAskedFor(newer!)).toBe(sizeOf(newer!));
  });

  test('loads again what was stored and is not what arrived, block by block', async () => {
    const files = await listIncomingFiles(source);
    const weights = files.find(({ name }) => name === 'model.safetensors')!;
    const block = 2 ** 22;
    for (const [damaged, at, missing] of [
      // of the second block, of which a part is there
      ['model.safetensors', block + 5, weights.size - block],
      ['model.safetensors', 7, weights.size],
      // its hash is not there yet in a tab that is closed while it writes
      ['model.safetensors.digests', 32, weights.size - block],
    ] as const) {
      const order = [...files.filter((file) => file !== weights), weights];
      const broken = order.map((file) => ({
        ...file,
        async *read(offset: number) {
          yield* file.read(offset);
          if (file === weights) throw new Error('the line went dead');
        },
      }));
      await expect(store.add(broken, options)).rejects.toThrow('the line went dead');
      const [{ id }] = await store.list();
      (await folderOf(id)).files.get(damaged)![at]! ^= 1;
      expect(await bytesAskedFor(order)).toBe(missing);
      await expectWhole(await store.open(id));
      await store.remove(id);
    }
  });

  test('compares what arrived with the hash that the source tells, also after an interruption', async () => {
    const told = (await listIncomingFiles(memoryFiles(contents, 'example'))).map((file) => ({
      ...file,
      sha256: createHash('sha256').update(contents.get(file.name)!).digest('hex'),
    }));
    await expect(store.add(breakingAfter(told, 4), options)).rejects.toThrow('the line went dead');
    const [partial] = await store.list();
    expect(await bytesAskedFor(told)).toBe(partial!.totalBytes - partial!.storedBytes);
    await store.remove(partial!.id);

    const altered = told.map((file) => ({
      ...file,
      async *read(offset: number) {
        for await (const piece of file.read(offset)) yield piece.map((byte, at) => (at === 7 ? byte ^ 1 : byte));
      },
    }));
    await expect(store.add(altered, options)).rejects.toThrow(CheckpointError);
    await expect(store.add(altered, options)).rejects.toThrow(/SHA-256/);
    expect(await store.list()).toMatchObject([{ complete: false, storedBytes: 0 }]);
    await expect(receiveInMemory(altered)).rejects.toThrow(/SHA-256/);
    expect(await bytesAskedFor(told)).toBe(sizeOf(told));
  });

  test('an abort keeps what is there', async () => {
    const controller = new AbortController();
    const files = await listIncomingFiles(source);
    const onProgress = (done: number): void => {
      if (done > 2_200_000) controller.abort(new Error('enough'));
    };
    await expect(store.add(files, { ...options, signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect((await store.list())[0]!.storedBytes).toBeGreaterThan(2_000_000);
  });

  test.each([
    ['known before', { room: 100_000 }, 100_000],
    ['found out on the way', { room: 3_000_000 }, undefined],
    ['told in an odd way', { room: 3_000_000, odd: true }, undefined],
    ['too little for a manifest', { room: 3 }, undefined],
  ])('a model without room, %s, is in memory and leaves nothing behind', async (_when, scarce, told) => {
    disk = { ...scarce };
    store = createModelStore(directoryOf(disk), async () => told);
    const { files, stored } = await store.add(await listIncomingFiles(source), options);
    expect(stored).toBe(false);
    await expectWhole(files);
    expect(await store.list()).toEqual([]);
    expect(disk.room).toBe(scarce.room);
  });

  test('nothing stays of what is no model', async () => {
    const files = await listIncomingFiles(source);
    const refuse = async (): Promise<void> => {
      throw new CheckpointError({ where: 'x', expected: 'a model', got: 'none' });
    };
    await expect(store.add(files, { ...options, check: refuse })).rejects.toThrow(CheckpointError);
    expect(await store.list()).toEqual([]);
    const short = files.map((file) => ({ ...file, size: file.size + 1 }));
    await expect(store.add(short, options)).rejects.toThrow(/bytes/);
    const long = files.map((file) => ({ ...file, size: file.size - 1 }));
    await expect(store.add(long, options)).rejects.toThrow(/more/);
  });

  test('finds damage, and takes the model in again', async () => {
    const files = await listIncomingFiles(source);
    await store.add(files, options);
    const [{ id }] = await store.list();
    const folder = (await root.getDirectoryHandle(id)) as ReturnType<typeof directoryOf>;
    folder.files.get('model.safetensors')![4_500_000]! ^= 1;
    await expect(store.open(id)).rejects.toThrow(/an example\/model.safetensors/);
    await expectWhole((await store.add(files, options)).files);
    await expectWhole(await store.open(id));
  });
});

test('files that change while they are read are refused, and bad ones before', async () => {
  let version = 'a';
  const changing: ModelFiles = {
    name: 'changing',
    async open(file) {
      const found = await source.open(file);
      return found === undefined ? undefined : { ...found, version };
    },
  };
  const files = await listIncomingFiles(changing);
  version = 'b';
  await expect(store.add(files, options)).rejects.toThrow(/changed/);
  const cut = new Map(contents);
  cut.set('model.safetensors', contents.get('model.safetensors')!.slice(0, 1000));
  await expect(listIncomingFiles(memoryFiles(cut))).rejects.toThrow(CheckpointError);
});
