/**
 * The words that a team of threads shares with the interpreter (`assembly/runtime.ts` holds the same numbers). Words that
 * threads contend for have a cache line each.
 */
import type { Block, LinearMemory } from './memory.ts';

export const control = {
  ticket: 0,
  done: 64,
  sleepers: 128,
  failed: 192,
  list: 256,
  entries: 260,
  threads: 264,
  spins: 268,
  mayWait: 272,
  slots: 384,
} as const;

const slotStride = 64;
/** Of a thread's slot; the claim of a share is before them. */
const slot = { entry: 8, share: 12 } as const;
/** Room for the message of a thread that failed. */
export const failureTextBytes = 512;

export function controlBytes(threads: number): number {
  return failureTextAt(threads) + 4 + failureTextBytes;
}

/** Where a failing thread leaves its message: byte length, then UTF-8. */
export function failureTextAt(threads: number): number {
  return control.slots + slotStride * threads;
}

/** Index of the list entry that a thread was at, and its share: what the kernel was told to be its thread. */
export function progressOf(memory: LinearMemory, block: Block, thread: number): { entry: number; share: number } {
  const at = block.address + control.slots + slotStride * thread;
  return { entry: memory.words[(at + slot.entry) >> 2]!, share: memory.words[(at + slot.share) >> 2]! };
}
