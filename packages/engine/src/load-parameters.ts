/** Weights from files into device buffers, one chunk at a time. */
import { checkTensors, type ModelFolder } from '@yoco-u/checkpoint';
import { listParameters, type ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import { f32 } from '@yoco-u/tensor';
import { chunkElements, rowsAtOnce } from './rows-at-once.ts';

export interface LoadParametersOptions {
  readonly signal?: AbortSignal;
  /** Bytes loaded so far and in all, as stored. */
  readonly onProgress?: (loaded: number, total: number) => void;
}

/**
 * Loads every parameter of the model into the backend's own formats. Holds one chunk (4 MiB, or one row) besides the result.
 * Throws `CheckpointError` that lists missing, extra and wrongly shaped tensors, and `CapacityError` when the weights do not fit,
 * before anything is read. Whatever it throws, what was taken until then is given back.
 */
export async function loadParameters(
  backend: Backend,
  config: ModelConfig,
  folder: Pick<ModelFolder, 'name' | 'tensors'>,
  options: LoadParametersOptions = {},
): Promise<Record<string, DeviceBuffer>> {
  const parameters = listParameters(config);
  checkTensors(parameters, folder);
  // all of them, and in the order of the files, which are gone through once
  const entries = [...folder.tensors];
  const total = entries.reduce((sum, [, { byteLength }]) => sum + byteLength, 0);
  const buffers: Record<string, DeviceBuffer> = {};
  let loaded = 0;
  // one buffer for all chunks: what a garbage collector would free later counts until then
  let chunk = new Float32Array(chunkElements);
  try {
    for (const { name, shape, use } of parameters) {
      buffers[name] = backend.allocate({ shape, format: use === 'matrix' ? backend.matrixFormat : f32 });
    }
    // some devices say only now that they have no room
    await backend.settled();
    for (const [name, entry] of entries) {
      const buffer = buffers[name]!;
      const step = rowsAtOnce(entry.rowLength);
      for (let start = 0; start < entry.rows; start += step) {
        options.signal?.throwIfAborted();
        const count = Math.min(step, entry.rows - start);
        const elements = count * entry.rowLength;
        if (chunk.length < elements) chunk = new Float32Array(elements);
        const values = await entry.readFloat32({ rows: { start, count }, into: chunk.subarray(0, elements) });
        backend.write(buffer, values, start * entry.rowLength);
        loaded += (entry.byteLength / entry.rows) * count;
        options.onProgress?.(loaded, total);
      }
    }
  } catch (error) {
    for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
    throw error;
  }
  return buffers;
}
