/** The files that make up a model folder, before they are written anywhere. */
import { dataTypes, elementsOf } from './data-type.ts';
import { configFile, generationConfigFile, tokenizerFile, weightsFile } from './model-folder.ts';
import {
  joinPieces,
  listTensors,
  planSafetensors,
  type SafetensorsOptions,
  streamSafetensors,
  type WritableTensor,
  type WritableTensors,
} from './safetensors-write.ts';
import { indexFile } from './shard-index.ts';

/** What a model folder is made of. */
export interface ModelFolderContent extends SafetensorsOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: WritableTensors;
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  readonly tokenizerJson?: string;
  /** Weights beyond this many bytes are split into files of at most so many (or of one tensor). One file by default. */
  readonly maximumFileBytes?: number;
}

/** Pieces are valid until the next is asked for. */
export interface NamedFile {
  readonly name: string;
  readonly byteLength: number;
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Weights first. Throws `CheckpointError` for names, shapes or types that cannot be written. */
export function planModelFolder(content: ModelFolderContent): readonly NamedFile[] {
  const shards = splitTensors(listTensors(content.tensors), content.maximumFileBytes ?? Number.POSITIVE_INFINITY);
  return [...weightFiles(shards, content), ...textFiles(content)];
}

/** A model folder in memory, by file name: for browsers. Throws `CheckpointError` as `planModelFolder` does. */
export async function encodeModelFolder(
  content: ModelFolderContent,
): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, pieces, byteLength } of planModelFolder(content)) {
    files.set(name, await joinPieces(pieces, byteLength));
  }
  return files;
}

/** Fills files in the order of names, numbers by value, so that the tensors of a layer lie together. */
function splitTensors(tensors: WritableTensor[], limit: number): WritableTensor[][] {
  const keys = new Map(tensors.map(({ name }) => [name, name.replaceAll(/\d+/g, (digits) => digits.padStart(8, '0'))]));
  tensors.sort((a, b) => (keys.get(a.name)! < keys.get(b.name)! ? -1 : 1));
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
    const plan = planSafetensors(tensors, { metadata });
    return { name: nameOf(shard), byteLength: plan.byteLength, pieces: streamSafetensors(plan) };
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
  const bytes = new TextEncoder().encode(text);
  return { name, byteLength: bytes.length, pieces: [bytes] };
}

function bytesOf({ dtype, shape }: WritableTensor): number {
  return elementsOf(shape) * dataTypes[dtype].bytes;
}
