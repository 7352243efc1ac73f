/**
 * The memory planner: gives every temporary of a program a place in one arena, so that no two that live at the same time
 * overlap.
 */
import type { Program } from '@yoco-u/spec';
import { byteLength } from './shape.ts';

/** Alignment of every temporary in bytes: a cache line, and what SIMD loads like best. */
export const arenaAlignment = 64;

export interface ArenaPlan {
  /** Offset in bytes of every tensor of the program; -1 for those that do not live in the arena. */
  readonly offsets: readonly number[];
  readonly bytes: number;
  /** Index of the last call that reads or writes each tensor; -1 where none does. */
  readonly lastUse: readonly number[];
}

interface Placed {
  readonly offset: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Places large tensors first, each at the lowest offset free during its whole life. */
export function planArena(program: Program): ArenaPlan {
  const count = program.tensors.length;
  const firstUse = new Array<number>(count).fill(-1);
  const lastUse = new Array<number>(count).fill(-1);
  program.calls.forEach((call, index) => {
    for (const id of [...call.inputs, ...call.outputs]) {
      if (firstUse[id]! < 0) firstUse[id] = index;
      lastUse[id] = index;
    }
  });
  const sizes = program.tensors.map(({ type }) => Math.ceil(byteLength(type) / arenaAlignment) * arenaAlignment);
  const order = program.tensors
    .map((_, id) => id)
    .filter((id) => program.tensors[id]!.role === 'temporary' && firstUse[id]! >= 0)
    .sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const offsets = new Array<number>(count).fill(-1);
  const placed: Placed[] = [];
  let bytes = 0;
  for (const id of order) {
    const first = firstUse[id]!;
    const last = lastUse[id]!;
    let offset = 0;
    // `placed` is kept in order of offset, so the first gap that is wide enough is the lowest
    for (const other of placed) {
      if (other.last < first || other.first > last) continue;
      if (other.offset - offset >= sizes[id]!) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    offsets[id] = offset;
    const position = placed.findIndex((other) => other.offset > offset);
    placed.splice(position < 0 ? placed.length : position, 0, { offset, bytes: sizes[id]!, first, last });
    bytes = Math.max(bytes, offset + sizes[id]!);
  }
  return { offsets, bytes, lastUse };
}
