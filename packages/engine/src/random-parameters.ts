/** Weights for measuring: speed does not depend on what a model has learned. */
import { listParameters, type ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import { f32 } from '@yoco-u/tensor';
import { rowsAtOnce } from './rows-at-once.ts';

/**
 * Buffers of all parameters by name, filled without a source of chance: matrices uniform in ±sqrt(3 / inner), which keeps
 * activations near unit size, and vectors of ones. The caller disposes them. Throws `CapacityError` when they do not fit; what
 * was taken until then is given back.
 */
export function randomParameters(backend: Backend, config: ModelConfig): Record<string, DeviceBuffer> {
  const buffers: Record<string, DeviceBuffer> = {};
  try {
    for (const { name, shape, use } of listParameters(config)) {
      const buffer = backend.allocate({ shape, format: use === 'matrix' ? backend.matrixFormat : f32 });
      buffers[name] = buffer;
      fill(backend, buffer, shape);
    }
  } catch (error) {
    for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
    throw error;
  }
  return buffers;
}

function fill(backend: Backend, buffer: DeviceBuffer, [rows, inner]: readonly number[]): void {
  if (inner === undefined) {
    backend.write(buffer, new Float32Array(rows!).fill(1));
    return;
  }
  const range = 2 * Math.sqrt(3 / inner);
  const step = rowsAtOnce(inner);
  let state = 1;
  for (let row = 0; row < rows!; row += step) {
    const data = new Float32Array(Math.min(step, rows! - row) * inner);
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      data[i] = (state / 2 ** 32) * range;
    }
    backend.write(buffer, data, row * inner);
  }
}
