/** Taking a model in, from wherever it is: its files, checked, and kept if that is wanted. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { softmaxAttention } from '@yoco-u/attention-softmax';
import {
  type ByteSource,
  blobSource,
  checkTensors,
  httpFiles,
  type IncomingFile,
  listIncomingFiles,
  type ModelBlobs,
  type ModelFolder,
  type ModelStore,
  memoryFiles,
  openHttpSource,
  openModelFolder,
  type ReceiveOptions,
  receiveInMemory,
} from '@yoco-u/checkpoint';
import { listParameters, parseConfig } from '@yoco-u/model';
import { CheckpointError } from '@yoco-u/spec';
import type { ModelSource, TakenModel } from './protocol.ts';
import { listZipFiles } from './zip-read.ts';

const registry = [...softmaxAttention, gatedRetention];

export interface TakeOptions extends ReceiveOptions {
  readonly signal: AbortSignal;
  readonly keep: boolean;
  /** Undefined where the browser keeps nothing. */
  readonly store: ModelStore | undefined;
}

/** Throws `CheckpointError` or `ConfigError` for what is no model, and the signal's reason. */
export async function takeModel(source: ModelSource, { keep, store, ...options }: TakeOptions): Promise<TakenModel> {
  if (source.kind === 'stored') {
    const files = (await store?.open(source.id, options)) ?? new Map();
    await checkFiles(files);
    return { name: source.name, files, keeping: 'kept' };
  }
  const { name, address, incoming } = await look(source, options.signal);
  if (keep && store !== undefined) {
    const { files, stored } = await store.add(incoming, { ...options, name, source: address, check: checkFiles });
    return { name, files, keeping: stored ? 'kept' : 'no room' };
  }
  const files = source.kind === 'folder' ? source.files : await receiveInMemory(incoming, options);
  await checkFiles(files);
  return { name, files, keeping: keep ? 'nowhere' : 'not asked' };
}

interface Looked {
  readonly name: string;
  /** Where to ask again. */
  readonly address?: string;
  readonly incoming: readonly IncomingFile[];
}

/** What there is to take in: headers are read and checked, where they can be read before all of a file. */
async function look(source: Exclude<ModelSource, { kind: 'stored' }>, signal: AbortSignal): Promise<Looked> {
  if (source.kind === 'folder') {
    return { name: source.name, incoming: await listIncomingFiles(memoryFiles(source.files, source.name), checkModel) };
  }
  if (source.kind === 'zip') {
    return { name: source.name, incoming: await listZipFiles(blobSource(source.content, source.name)) };
  }
  const { address } = source;
  if (!URL.canParse(address)) {
    const fix = 'write https://… or a path on this server';
    throw new CheckpointError({ where: address, expected: 'an address', got: 'something else', fix });
  }
  const url = new URL(address);
  const name = nameOf(url);
  if (!/\.zip$/i.test(url.pathname)) {
    return { name, address, incoming: await listIncomingFiles(httpFiles(url, { signal }), checkModel) };
  }
  const zip: ByteSource | undefined = await openHttpSource(url, { signal });
  if (zip === undefined) {
    const fix = 'check the address';
    throw new CheckpointError({ where: url.origin + url.pathname, expected: 'a zip file', got: 'none', fix });
  }
  return { name, address, incoming: await listZipFiles(zip) };
}

/** The last part of the path, or the host's name. */
function nameOf({ pathname, host }: URL): string {
  const part = pathname.split('/').findLast((text) => text !== '') ?? host;
  try {
    return decodeURIComponent(part);
  } catch {
    // a lone % is no escape
    return part;
  }
}

async function checkFiles(files: ModelBlobs): Promise<void> {
  await using folder = await openModelFolder(files);
  checkModel(folder);
}

function checkModel(folder: ModelFolder): void {
  checkTensors(listParameters(parseConfig(folder.config, registry)), folder);
}
