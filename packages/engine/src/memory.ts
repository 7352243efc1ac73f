/** The states of a model on a device: caches for a number of sequences (slots), and the table of their pages. */

import { listStates, type MemoryShape, type ModelConfig, names, pagesPerSequence, stateType } from '@yoco-u/model';
import { type Backend, type DeviceBuffer, ShapeError } from '@yoco-u/spec';
import { byteLength, i32, tensorType } from '@yoco-u/tensor';

/** Tokens in one page of a growing cache. */
export const pageLength = 64;

export interface ModelMemory extends Disposable {
  readonly shape: MemoryShape;
  /** Every state by name, and the page table. */
  readonly buffers: Readonly<Record<string, DeviceBuffer>>;
  /** Bytes reserved on the device. */
  readonly allocatedBytes: number;
  /** Bytes that a sequence of `tokens` fed tokens needs by the formula, padding left out. */
  bytesInUse(tokens: number): number;
}

/** The sizes of a memory for `slots` sequences of at most `contextLength` tokens, and pages to spare. */
export function memoryShape(slots: number, contextLength: number, sparePages = 0): MemoryShape {
  return { slots, contextLength, pageLength, pages: slots * Math.ceil(contextLength / pageLength) + sparePages };
}

/** Bytes that `createModelMemory` takes, known before anything is taken. */
export function memoryBytes(config: ModelConfig, shape: MemoryShape): number {
  const states = listStates(config, shape).reduce((sum, state) => sum + byteLength(stateType(state, shape)), 0);
  return states + 4 * shape.slots * pagesPerSequence(shape);
}

/**
 * Takes the memory, all zeros. Every slot owns its share of the pages, first those of slot 0; what is left nobody owns. Throws
 * `ShapeError` for sizes that are no integers > 0, a page length that is no multiple of 8, or fewer pages than all slots need;
 * `CapacityError` when it does not fit.
 */
export function createModelMemory(backend: Backend, config: ModelConfig, shape: MemoryShape): ModelMemory {
  checkShape(shape);
  const states = listStates(config, shape);
  const buffers: Record<string, DeviceBuffer> = {};
  const dispose = (): void => {
    for (const buffer of Object.values(buffers)) buffer[Symbol.dispose]();
  };
  try {
    for (const state of states) buffers[state.name] = backend.allocate(stateType(state, shape));
    const table = backend.allocate(tensorType(i32, shape.slots, pagesPerSequence(shape)));
    backend.write(
      table,
      Int32Array.from({ length: shape.slots * pagesPerSequence(shape) }, (_, page) => page),
    );
    buffers[names.pageTable] = table;
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    shape,
    buffers,
    allocatedBytes: Object.values(buffers).reduce((sum, buffer) => sum + buffer.byteLength, 0),
    bytesInUse: (tokens) => states.reduce((sum, state) => sum + state.bytesInUse(tokens), 0),
    [Symbol.dispose]: dispose,
  };
}

function checkShape(shape: MemoryShape): void {
  for (const key of ['slots', 'contextLength', 'pageLength', 'pages'] as const) {
    if (Number.isSafeInteger(shape[key]) && shape[key] > 0) continue;
    throw new ShapeError({ where: `createModelMemory: ${key}`, expected: 'an integer > 0', got: String(shape[key]) });
  }
  const { slots, pageLength: length, pages } = shape;
  if (length % 8 !== 0) {
    throw new ShapeError({ where: 'createModelMemory: pageLength', expected: 'a multiple of 8', got: String(length) });
  }
  const needed = slots * pagesPerSequence(shape);
  if (pages >= needed) return;
  throw new ShapeError({
    where: 'createModelMemory: pages',
    expected: `at least ${needed}: those of ${slots} slot(s)`,
    got: String(pages),
    fix: 'make the shape with memoryShape(slots, contextLength)',
  });
}
