/** A model on disk, on a server or in memory: config, weights, tokenizer. */
import { type ByteSource, readText, textLimit } from './byte-source.ts';
import { failure, listNames } from './fail.ts';
import type { HttpOptions } from './http/request.ts';
import { type FileContent, httpFiles, type ModelFiles, memoryFiles } from './model-files.ts';
import { openSafetensors, type SafetensorsFile } from './safetensors-read.ts';
import { indexFile, mergeShards, parseShardIndex } from './shard-index.ts';
import { parseJsonObject } from './strict-json.ts';
import type { TensorEntry } from './tensor-entry.ts';

export const configFile = 'config.json';
export const generationConfigFile = 'generation_config.json';
export const tokenizerFile = 'tokenizer.json';
export const weightsFile = 'model.safetensors';

const configLimit = 2 ** 24;

type JsonObject = Readonly<Record<string, unknown>>;

/** An opened model folder. Weights are read when entries are asked for them; `close` ends that and frees what is held. */
export interface ModelFolder extends AsyncDisposable {
  /** Shown in errors: a path or a URL. */
  readonly name: string;
  /** `config.json`, parsed but not interpreted. */
  readonly config: JsonObject;
  readonly generationConfig?: JsonObject;
  /** The text of `tokenizer.json`. */
  readonly tokenizerJson?: string;
  /** By name, in file order: reading in this order goes through every file once. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The weights file's `__metadata__`; of shards, the first one's. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Bytes of all tensors, as stored. */
  readonly totalBytes: number;
  close(): Promise<void>;
}

/** A base URL, files in memory by name, or any other `ModelFiles`. Text that is no URL is taken relative to the page. */
export type ModelFolderSource = URL | string | ReadonlyMap<string, FileContent> | ModelFiles;

/**
 * Opens a model folder: reads its config and tokenizer, and the headers of its weights. `model.safetensors` is used if it is there,
 * otherwise the shards of `model.safetensors.index.json`. Throws `CheckpointError` that names the file and the fix. HTTP options
 * matter for URLs only.
 */
export async function openModelFolder(source: ModelFolderSource, options: HttpOptions = {}): Promise<ModelFolder> {
  const files = filesOf(source, options);
  const opened: ByteSource[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((byteSource) => byteSource.close?.()));
  };
  const open = async (file: string): Promise<ByteSource | undefined> => {
    const byteSource = await files.open(file);
    if (byteSource !== undefined) opened.push(byteSource);
    return byteSource;
  };
  try {
    const configText = await readOptional(files, configFile, configLimit);
    if (configText === undefined)
      throw missing(files.name, configFile, 'name the folder that holds config.json and the weights');
    const generationText = await readOptional(files, generationConfigFile, configLimit);
    const tokenizerJson = await readOptional(files, tokenizerFile, textLimit);
    const config = parseJsonObject(configText, `${files.name}: ${configFile}`);
    const weights = await openWeights(files.name, open);
    let totalBytes = 0;
    for (const { byteLength } of weights.tensors.values()) totalBytes += byteLength;
    return {
      name: files.name,
      config,
      ...(generationText === undefined
        ? {}
        : { generationConfig: parseJsonObject(generationText, `${files.name}: ${generationConfigFile}`) }),
      ...(tokenizerJson === undefined ? {} : { tokenizerJson }),
      ...weights,
      totalBytes,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function filesOf(source: ModelFolderSource, options: HttpOptions): ModelFiles {
  if (source instanceof URL) return httpFiles(source, options);
  if (typeof source !== 'string') return 'open' in source ? source : memoryFiles(source);
  const page = typeof location === 'undefined' ? undefined : location.href;
  if (URL.canParse(source, page)) return httpFiles(new URL(source, page), options);
  throw failure({
    where: source,
    expected: 'a URL',
    got: 'a path',
    fix: "open folders on disk with openModelFolder of '@yoco-u/checkpoint/node'",
  });
}

type Weights = Pick<ModelFolder, 'tensors' | 'metadata'>;
type OpenFile = (file: string) => Promise<ByteSource | undefined>;

async function openWeights(folder: string, open: OpenFile): Promise<Weights> {
  const single = await open(weightsFile);
  if (single !== undefined) return openSafetensors(single).then(({ tensors, metadata }) => ({ tensors, metadata }));
  const index = await open(indexFile);
  if (index === undefined) {
    throw missing(folder, `${weightsFile} or ${indexFile}`, 'add the weights, or convert them to safetensors');
  }
  return openShards(folder, await readText(index, textLimit), open);
}

async function openShards(folder: string, indexText: string, open: OpenFile): Promise<Weights> {
  const where = `${folder}: ${indexFile}`;
  const index = parseShardIndex(indexText, where);
  const shards = new Map<string, SafetensorsFile>();
  const absent: string[] = [];
  for (const shard of [...new Set(index.values())].sort()) {
    const source = await open(shard);
    if (source === undefined) absent.push(shard);
    else shards.set(shard, await openSafetensors(source));
  }
  if (absent.length > 0) {
    const got = `${absent.length} missing: ${listNames(absent)}`;
    throw failure({ where, expected: 'all files it names', got, fix: 'put the missing files into the folder' });
  }
  const [first] = shards.values();
  return { tensors: mergeShards(index, shards, where), metadata: first?.metadata ?? new Map() };
}

async function readOptional(files: ModelFiles, file: string, limit: number): Promise<string | undefined> {
  const source = await files.open(file);
  if (source === undefined) return undefined;
  try {
    return await readText(source, limit);
  } finally {
    await source.close?.();
  }
}

function missing(folder: string, file: string, fix: string): Error {
  return failure({ where: folder, expected: `a model folder with ${file}`, got: 'none', fix });
}
