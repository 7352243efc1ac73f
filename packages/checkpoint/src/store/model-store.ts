/** Models kept in the origin-private file system: taken in once, gone on with after an interruption, listed, removed. */
import { CheckpointError } from '@yoco-u/spec';
import { downloadAgain, failure } from '../fail.ts';
import { digestOf, shortNameOf } from './digest.ts';
import type { IncomingFile } from './incoming-files.ts';
import { isComplete, isSameContent, type Manifest, readManifest, type StoredFile, writeManifest } from './manifest.ts';
import { type ModelBlobs, type ReceiveOptions, receiveInMemory, receiveInto, totalSize } from './receive.ts';
import { contentOf, ifThere, isQuotaError, type StoreDirectory } from './store-directory.ts';

export interface StoredModel {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Where it can be asked for again. */
  readonly source: string | undefined;
  readonly totalBytes: number;
  /** Less where it was interrupted. */
  readonly storedBytes: number;
  /** All of it is there. */
  readonly complete: boolean;
}

export interface AddOptions extends ReceiveOptions {
  readonly name: string;
  /** Tells models apart, and where to ask again; without it the name tells them apart. */
  readonly source?: string | undefined;
  /** Looks at the files when all are there, and throws if they are no model: then nothing of them stays. */
  readonly check?: (files: ModelBlobs) => Promise<void>;
}

export interface AddedModel {
  readonly files: ModelBlobs;
  /** False where the browser gives no room for it: the files are in memory, and gone with the page. */
  readonly stored: boolean;
}

export interface ModelStore {
  /** The complete ones first. */
  list(): Promise<readonly StoredModel[]>;
  /**
   * Takes files in, one after the other, and goes on where an earlier call with the same source and files broke off; what is there of
   * other files of this source is removed. Throws what a file throws; what was taken in until then stays, to go on with.
   */
  add(files: readonly IncomingFile[], options: AddOptions): Promise<AddedModel>;
  /** Reads all of a complete model and compares it with what was taken in. Throws `CheckpointError`. */
  open(id: string, options?: ReceiveOptions): Promise<ModelBlobs>;
  remove(id: string): Promise<void>;
}

/** Free bytes of the browser's quota; undefined where it does not say. */
export type FreeRoom = () => Promise<number | undefined>;

/**
 * The store of this origin: a directory of the origin-private file system. To be called in a dedicated worker, as only those write in
 * place. Undefined where the browser keeps nothing: in private windows of some, and without https.
 */
export async function openModelStore(directory = 'yoco-u-models'): Promise<ModelStore | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getDirectoryHandle(directory, { create: true });
    // pages know no handle that writes in place, workers do
    return createModelStore(handle as unknown as StoreDirectory);
  } catch {
    return undefined;
  }
}

/** A store in a directory that holds nothing else. */
export function createModelStore(root: StoreDirectory, freeRoom: FreeRoom = estimateRoom): ModelStore {
  const remove = async (id: string): Promise<void> => {
    await ifThere(root.removeEntry(id, { recursive: true }));
  };

  const manifestOf = async (id: string): Promise<Manifest | undefined> => {
    const directory = await ifThere(root.getDirectoryHandle(id));
    return directory === undefined ? undefined : readManifest(directory);
  };

  const describe = async (id: string, manifest: Manifest): Promise<StoredModel> => {
    const directory = await root.getDirectoryHandle(id);
    let storedBytes = 0;
    for (const { name } of manifest.files) storedBytes += (await contentOf(directory, name))?.size ?? 0;
    const { name, source, files } = manifest;
    return { id, name, source, totalBytes: totalSize(files), storedBytes, complete: isComplete(manifest) };
  };

  const open = async (id: string, { signal, onProgress }: ReceiveOptions = {}): Promise<ModelBlobs> => {
    const manifest = await manifestOf(id);
    if (manifest === undefined) throw damaged(id, 'a model', 'none');
    const directory = await root.getDirectoryHandle(id);
    const files = new Map<string, Blob>();
    let done = 0;
    const count = (bytes: number): void => {
      signal?.throwIfAborted();
      done += bytes;
      onProgress?.(done, totalSize(manifest.files));
    };
    for (const { name, digest } of manifest.files) {
      const content = await contentOf(directory, name);
      if (digest === undefined || content === undefined || (await digestOf(content, count)) !== digest) {
        throw damaged(`${manifest.name}/${name}`, 'the file that was taken in', 'another one');
      }
      files.set(name, content);
    }
    return files;
  };

  /** Undefined if it is not there, or damaged. */
  const openIfWhole = async (id: string, options: ReceiveOptions): Promise<ModelBlobs | undefined> => {
    try {
      return await open(id, options);
    } catch (error) {
      if (error instanceof CheckpointError) return undefined;
      throw error;
    }
  };

  const store = async (id: string, files: readonly IncomingFile[], options: AddOptions): Promise<ModelBlobs> => {
    const { name, source, check } = options;
    const facts = files.map(({ read: _read, ...file }): StoredFile => file);
    const manifest: Manifest = { version: 1, name, ...(source === undefined ? {} : { source }), files: facts };
    const before = await manifestOf(id);
    const goesOn = before !== undefined && isSameContent(before.files, facts);
    if (goesOn && isComplete(before)) {
      const whole = await openIfWhole(id, options);
      if (whole !== undefined) return whole;
    }
    if (!goesOn || isComplete(before)) await remove(id);
    const directory = await root.getDirectoryHandle(id, { create: true });
    await writeManifest(directory, manifest);
    const received = await receiveInto(directory, files, options);
    const taken = new Map(Array.from(received, ([file, { content }]) => [file, content]));
    try {
      await check?.(taken);
    } catch (error) {
      await remove(id);
      throw error;
    }
    const complete = facts.map((file): StoredFile => ({ ...file, digest: received.get(file.name)!.digest }));
    await writeManifest(directory, { ...manifest, files: complete });
    return taken;
  };

  return {
    async list() {
      const models: StoredModel[] = [];
      for await (const id of root.keys()) {
        const manifest = await manifestOf(id);
        if (manifest !== undefined) models.push(await describe(id, manifest));
      }
      return models.sort((a, b) => Number(b.complete) - Number(a.complete) || a.name.localeCompare(b.name, 'en'));
    },
    async add(files, options) {
      const id = await shortNameOf(options.source ?? options.name);
      const manifest = await manifestOf(id);
      const there = manifest === undefined ? 0 : (await describe(id, manifest)).storedBytes;
      const room = await freeRoom();
      try {
        if (room === undefined || room >= totalSize(files) - there) {
          return { files: await store(id, files, options), stored: true };
        }
      } catch (error) {
        if (!isQuotaError(error)) throw error;
      }
      const begun = await manifestOf(id);
      const goesOn = begun !== undefined && isSameContent(begun.files, files);
      const taken = await receiveInMemory(files, options, goesOn ? await root.getDirectoryHandle(id) : undefined);
      await remove(id);
      await options.check?.(taken);
      return { files: taken, stored: false };
    },
    open,
    remove,
  };
}

function damaged(where: string, expected: string, got: string): Error {
  return failure({ where, expected, got, fix: downloadAgain });
}

async function estimateRoom(): Promise<number | undefined> {
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined ? undefined : quota - (usage ?? 0);
}
