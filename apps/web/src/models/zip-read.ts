/** The model folder in a zip file, read in ranges: of a file at hand or on a server. */
import type { ByteSource, IncomingFile } from '@yoco-u/checkpoint';
import { CheckpointError } from '@yoco-u/spec';
import { type FileEntry, Reader, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js';

/** What a model folder may hold: anything else in the file is left alone. */
const modelFile = /^(config|generation_config|tokenizer|model\.safetensors\.index)\.json$|^[\w-][\w.-]*\.safetensors$/;
const configFile = 'config.json';
/** More is no model, and would take long to list. */
const mostEntries = 10_000;
/** Weights hardly compress: what grows more than this is made to fill a disk. */
const mostGrowth = 200;

/**
 * Files of the folder that holds config.json, the topmost if there are several. Lengths and checksums are compared as they are read.
 * Throws `CheckpointError` for what is no zip file, leads out of its folder, is encrypted, or expands beyond measure.
 */
export async function listZipFiles(source: ByteSource): Promise<readonly IncomingFile[]> {
  const entries = await listEntries(source);
  const folders = entries
    .filter(({ filename }) => filename === configFile || filename.endsWith(`/${configFile}`))
    .map(({ filename }) => filename.slice(0, -configFile.length))
    .sort((a, b) => a.split('/').length - b.split('/').length);
  const [folder] = folders;
  if (folder === undefined) {
    throw refusal(source.name, `a model folder with ${configFile}`, 'none', 'zip the folder that holds it');
  }
  return entries
    .filter(({ filename }) => filename.startsWith(folder) && modelFile.test(filename.slice(folder.length)))
    .map((entry) => incomingFile(entry, entry.filename.slice(folder.length), source.name));
}

async function listEntries(source: ByteSource): Promise<readonly FileEntry[]> {
  const entries: FileEntry[] = [];
  const reader = new ZipReader(new SourceReader(source), { useWebWorkers: false, checkSignature: true });
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (!entry.directory) entries.push(entry);
      if (entries.length > mostEntries)
        throw refusal(source.name, `at most ${mostEntries} files`, 'more', 'zip one model');
    }
  } catch (error) {
    throw asRefusal(source.name, error);
  }
  return entries;
}

function incomingFile(entry: FileEntry, name: string, zip: string): IncomingFile {
  const { uncompressedSize: size, compressedSize, encrypted, crc32 } = entry;
  const where = `${zip}/${name}`;
  if (encrypted) throw refusal(where, 'a file without a password', 'an encrypted one', 'zip it without a password');
  if (size > mostGrowth * compressedSize + 2 ** 16) {
    throw refusal(where, `at most ${mostGrowth} times its ${compressedSize} bytes`, `${size}`, 'this is no model');
  }
  return { name, size, version: `${crc32}`, read: (offset) => readFrom(entry, offset, where) };
}

/** The bytes of an entry from `offset` on: those before it are unpacked, too. */
async function* readFrom(entry: FileEntry, offset: number, where: string): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const written = entry.getData(writable);
  // a failure ends the reading side, which tells of it
  written.catch((reason) => writable.abort(reason).catch(() => {}));
  const reader = readable.getReader();
  let passed = 0;
  try {
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) break;
      passed += value.length;
      const wanted = Math.min(value.length, passed - offset);
      if (wanted > 0) yield value.subarray(value.length - wanted);
    }
    await written;
  } catch (error) {
    throw asRefusal(where, error);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

class SourceReader extends Reader<ByteSource> {
  readonly #source: ByteSource;
  constructor(source: ByteSource) {
    super(source);
    this.#source = source;
    this.size = source.size;
  }
  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#source.read(index, Math.max(0, Math.min(length, this.size - index)));
    return bytes.slice();
  }
}

function asRefusal(where: string, cause: unknown): Error {
  if (CheckpointError.isInstance(cause) || (cause instanceof Error && cause.name === 'AbortError')) return cause;
  const got = cause instanceof Error ? cause.message : String(cause);
  const facts = { where, expected: 'a zip file that can be read', got, fix: 'download or zip it again' };
  return new CheckpointError(facts, { cause });
}

function refusal(where: string, expected: string, got: string, fix: string): CheckpointError {
  return new CheckpointError({ where, expected, got, fix });
}
