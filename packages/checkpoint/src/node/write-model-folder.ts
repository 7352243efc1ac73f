/** Writing model folders. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dataTypes, elementsOf } from '../data-type.ts';
import { failure } from '../fail.ts';
import { configFile, generationConfigFile, tokenizerFile, weightsFile } from '../model-folder.ts';
import {
  listTensors,
  planSafetensors,
  type SafetensorsOptions,
  streamSafetensors,
  type WritableTensor,
  type WritableTensors,
} from '../safetensors-write.ts';
import { indexFile } from '../shard-index.ts';
import { type StagedFile, stageFile } from './atomic-write.ts';

/** What a model folder is made of. */
export interface ModelFolderContent extends SafetensorsOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: WritableTensors;
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  readonly tokenizerJson?: string;
  /** Weights beyond this many bytes are split into files of at most so many (or of one tensor). One file by default. */
  readonly maximumFileBytes?: number;
}

interface NamedFile {
  readonly name: string;
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * Writes a model folder, making the directory if need be. All files are written and flushed under temporary names, then renamed: a
 * failure while writing leaves a model that was there as it was. Weight files of an earlier model are removed; its tokenizer and
 * generation config stay unless new ones are given. Throws `CheckpointError`.
 */
export async function writeModelFolder(directory: string, content: ModelFolderContent): Promise<void> {
  const shards = splitTensors(listTensors(content.tensors), content.maximumFileBytes ?? Number.POSITIVE_INFINITY);
  const files = [...weightFiles(shards, content), ...textFiles(content)];
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw failure({
      where: directory,
      expected: 'a directory',
      got,
      fix: 'choose another path, or remove what is in its place',
      cause,
    });
  }
  const staged: StagedFile[] = [];
  try {
    for (const { name, pieces } of files) staged.push(await stageFile(join(directory, name), pieces));
    for (const file of staged) await file.commit();
  } catch (error) {
    await Promise.all(staged.map((file) => file.discard()));
    throw error;
  }
  await removeOldWeights(directory, new Set(files.map(({ name }) => name)));
}

/** Fills files in the order of names, so that the tensors of a layer lie together. */
function splitTensors(tensors: WritableTensor[], limit: number): WritableTensor[][] {
  tensors.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const shards: WritableTensor[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (filled > 0 && filled + bytes > limit) {
      shards.push([]);
      filled = 0;
    }
    shards[shards.length - 1].push(tensor);
    filled += bytes;
  }
  return shards;
}

function weightFiles(shards: readonly (readonly WritableTensor[])[], options: SafetensorsOptions): NamedFile[] {
  const { metadata = {} } = options;
  const nameOf = (shard: number): string => {
    const number = (value: number) => String(value).padStart(5, '0');
    return shards.length === 1 ? weightsFile : `model-${number(shard + 1)}-of-${number(shards.length)}.safetensors`;
  };
  // Checks names across files too.
  planSafetensors(shards.flat(), { metadata });
  const files: NamedFile[] = shards.map((tensors, shard) => {
    return { name: nameOf(shard), pieces: streamSafetensors(planSafetensors(tensors, { metadata })) };
  });
  if (shards.length === 1) return files;
  const weights = shards.flatMap((tensors, shard) => tensors.map(({ name }) => [name, nameOf(shard)] as const));
  const totalSize = shards.flat().reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  return [
    ...files,
    jsonFile(indexFile, { metadata: { total_size: totalSize }, weight_map: Object.fromEntries(weights) }),
  ];
}

function textFiles({ config, generationConfig, tokenizerJson }: ModelFolderContent): NamedFile[] {
  const files = [jsonFile(configFile, config)];
  if (generationConfig !== undefined) files.push(jsonFile(generationConfigFile, generationConfig));
  if (tokenizerJson !== undefined) files.push(textFile(tokenizerFile, tokenizerJson));
  return files;
}

function jsonFile(name: string, value: unknown): NamedFile {
  return textFile(name, `${JSON.stringify(value, null, 2)}\n`);
}

function textFile(name: string, text: string): NamedFile {
  return { name, pieces: [new TextEncoder().encode(text)] };
}

/** Weights that are no longer named would otherwise be read in place of the new ones, or fill the disk. */
async function removeOldWeights(directory: string, written: ReadonlySet<string>): Promise<void> {
  const ours = /^model(-\d{5}-of-\d{5}\.safetensors|\.safetensors(\.index\.json)?)$/;
  const old = (await readdir(directory)).filter((name) => ours.test(name) && !written.has(name));
  await Promise.all(old.map((name) => rm(join(directory, name), { force: true })));
}

function bytesOf({ dtype, shape }: WritableTensor): number {
  return elementsOf(shape) * dataTypes[dtype].bytes;
}
