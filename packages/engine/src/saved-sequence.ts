/** The state of a sequence as a file: its ids, and what its slot and its pages hold. */
import { type SafetensorsFile, type TensorEntry, tensorOf, type WritableTensor } from '@yoco-u/checkpoint';
import { listParameters, listStates, type ModelConfig, type ModelState } from '@yoco-u/model';
import { type Backend, CapacityError, CheckpointError, type DeviceBuffer } from '@yoco-u/spec';
import { elementCount } from '@yoco-u/tensor';
import { checkId } from './runner.ts';
import type { Runtime } from './runtime.ts';

/** To be written as safetensors: `encodeSafetensors(state.tensors, state)`, or `writeSafetensors` to a file. */
export interface SavedSequence {
  readonly tensors: readonly WritableTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** A saved sequence read back and checked. */
export interface ReadSequence {
  readonly ids: readonly number[];
  /** By state name: one entry for the slot, or one a page. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

const format = 'yoco-u sequence 1';
const idsName = 'ids';

const entriesOf = ({ kind }: ModelState, pages: number): number => (kind === 'append' ? pages : 1);

/** Elements that are moved at once, at most: 16 MiB. Each move waits for the device, however little it is. */
const mostElements = 2 ** 22;

/** Entries that follow each other in the list and on the device alike: the index of the first, its place, and how many. */
function* runsOf(places: readonly number[], size: number) {
  const most = Math.max(1, Math.floor(mostElements / size));
  for (let index = 0, count = 1; index < places.length; index += count) {
    const place = places[index]!;
    for (count = 1; count < most && places[index + count] === place + count; ) count++;
    yield { index, place, count };
  }
}

/** Reads what the slot holds after `ids`, all of which were fed. */
export async function downloadSequence(
  backend: Backend,
  runtime: Runtime,
  slot: number,
  ids: readonly number[],
  model: string,
): Promise<SavedSequence> {
  const { config, memory, cache } = runtime;
  const pages = cache.pages.of(slot);
  const tensors = [tensorOf(idsName, [ids.length], Int32Array.from(ids))];
  for (const state of listStates(config, memory.shape)) {
    const places = state.kind === 'append' ? pages : [slot];
    const size = elementCount(state.entry);
    const values = new Float32Array(places.length * size);
    for (const { index, place, count } of runsOf(places, size)) {
      const into = values.subarray(index * size, (index + count) * size);
      await backend.download(memory.buffers[state.name]!, into, place * size);
    }
    tensors.push(tensorOf(state.name, [places.length, ...state.entry.shape], values));
  }
  return { tensors, metadata: { format, model, page_length: `${memory.shape.pageLength}` } };
}

/** Writes a sequence into an empty slot. */
export function uploadSequence(backend: Backend, runtime: Runtime, slot: number, { ids, values }: ReadSequence): void {
  const { config, memory, cache } = runtime;
  cache.pages.map(slot, ids.length);
  const pages = cache.pages.of(slot);
  for (const state of listStates(config, memory.shape)) {
    const size = elementCount(state.entry);
    const places = state.kind === 'append' ? pages : [slot];
    for (const { index, place, count } of runsOf(places, size)) {
      const part = values.get(state.name)!.subarray(index * size, (index + count) * size);
      backend.write(memory.buffers[state.name]!, part, place * size);
    }
  }
}

/**
 * Reads a file that was written from a `SavedSequence`. Throws `CheckpointError` where it is none or is of another model,
 * iteration count or page length, `RequestError` for ids that are none, `CapacityError` for more than the context holds.
 */
export async function readSequence(file: SafetensorsFile, runtime: Runtime, model: string): Promise<ReadSequence> {
  const { config, memory } = runtime;
  const { shape } = memory;
  expectMetadata(file, 'format', format);
  expectMetadata(file, 'page_length', `${shape.pageLength}`);
  expectMetadata(file, 'model', model);
  const stored = entryOf(file, idsName);
  if (stored.shape.length !== 1 || stored.elements < 1) throw badTensor(file, stored, 'a list of ids');
  if (stored.elements > shape.contextLength) {
    throw new CapacityError({
      where: file.name,
      expected: `at most ${shape.contextLength} tokens, which the context holds`,
      got: `${stored.elements}`,
      fix: 'load the model with a larger contextLength',
    });
  }
  const ids = Array.from(await stored.readInt32(), (id) => checkId(id, config.vocabularySize));
  const pages = Math.ceil(ids.length / shape.pageLength);
  const values = new Map<string, Float32Array>();
  for (const state of listStates(config, shape)) {
    const entry = entryOf(file, state.name);
    const wanted = [entriesOf(state, pages), ...state.entry.shape];
    if (entry.shape.join() !== wanted.join()) throw badTensor(file, entry, `[${wanted.join(', ')}]`);
    values.set(state.name, await entry.readFloat32());
  }
  return { ids, values };
}

function entryOf(file: SafetensorsFile, name: string): TensorEntry {
  const entry = file.tensors.get(name);
  if (entry !== undefined) return entry;
  throw new CheckpointError({ where: file.name, expected: `a tensor '${name}'`, got: 'none' });
}

function badTensor(file: SafetensorsFile, { name, shape }: TensorEntry, expected: string): CheckpointError {
  return new CheckpointError({ where: `${file.name}: '${name}'`, expected, got: `[${shape.join(', ')}]` });
}

function expectMetadata(file: SafetensorsFile, key: string, expected: string): void {
  const got = file.metadata.get(key);
  if (got === expected) return;
  throw new CheckpointError({
    where: `${file.name}: ${key}`,
    expected: `'${expected}'`,
    got: got === undefined ? 'none' : `'${got.slice(0, 100)}'`,
    fix: 'load a sequence that this very model has saved, at the same iteration count',
  });
}

/**
 * Tells models apart: a hash of the iteration counts, of the vectors among the parameters, and of the first row of every matrix, as
 * fine-tuning may change matrices alone.
 */
export async function fingerprint(
  backend: Backend,
  config: ModelConfig,
  parameters: Readonly<Record<string, DeviceBuffer>>,
): Promise<string> {
  // FNV-1a
  let hash = 0x811c9dc5;
  const add = (word: number): void => {
    hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
  };
  for (const { name, shape } of listParameters(config)) {
    const values = new Float32Array(shape.at(-1)!);
    await backend.download(parameters[name]!, values);
    for (const byte of new Uint8Array(values.buffer)) add(byte);
  }
  for (const { iterations } of config.stages) add(iterations);
  return hash.toString(16).padStart(8, '0');
}
