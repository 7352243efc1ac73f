/** What a store knows of a model: `manifest.json` beside its files. */
import { isJsonObject, parseJsonObject } from '../strict-json.ts';
import { contentOf, openForWriting, type StoreDirectory, writeAll } from './store-directory.ts';
import { isRecognizable } from './stored-blocks.ts';

export interface StoredFile {
  readonly name: string;
  readonly size: number;
  readonly version?: string;
  /** Of the whole, as its source tells it. */
  readonly sha256?: string;
  /** Once it is complete. */
  readonly digest?: string;
}

export interface Manifest {
  readonly version: 1;
  /** For people. */
  readonly name: string;
  /** Where to ask for it again. */
  readonly source?: string;
  readonly files: readonly StoredFile[];
}

const manifestFile = 'manifest.json';

/** Undefined where there is none that can be read: what lies there is of no use. */
export async function readManifest(directory: StoreDirectory): Promise<Manifest | undefined> {
  const file = await contentOf(directory, manifestFile);
  if (file === undefined) return undefined;
  try {
    const manifest = parseJsonObject(await file.text(), manifestFile);
    return isManifest(manifest) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

export async function writeManifest(directory: StoreDirectory, manifest: Manifest): Promise<void> {
  using access = await openForWriting(directory, manifestFile);
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  access.truncate(0);
  writeAll(access, bytes, 0);
}

export function isComplete({ files }: Manifest): boolean {
  return files.every(({ digest }) => digest !== undefined);
}

/** The same files, as far as can be told: what is there of them can be gone on with. Sizes alone tell nothing. */
export function isSameContent(one: readonly StoredFile[], other: readonly StoredFile[]): boolean {
  const key = (files: readonly StoredFile[]): string =>
    JSON.stringify(files.map(({ name, size, version = '', sha256 = '' }) => [name, size, version, sha256]).sort());
  return one.every(isRecognizable) && key(one) === key(other);
}

function isManifest(value: unknown): value is Manifest {
  if (!isJsonObject(value) || value.version !== 1 || typeof value.name !== 'string') return false;
  const isFile = (file: unknown): boolean =>
    isJsonObject(file) && typeof file.name === 'string' && Number.isSafeInteger(file.size);
  return Array.isArray(value.files) && value.files.every(isFile);
}
