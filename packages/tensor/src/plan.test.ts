import type { Program } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { arenaAlignment, planArena } from './plan.ts';
import { byteLength, f32, tensorType } from './shape.ts';

/** A chain of calls with random fan-in, from a seed. */
function randomProgram(seed: number, calls: number): Program {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const tensors: Program['tensors'][number][] = [{ role: 'input', name: 'x', type: tensorType(f32, 3) }];
  const list: Program['calls'][number][] = [];
  for (let call = 0; call < calls; call++) {
    const inputs = Array.from({ length: 1 + next(3) }, () => next(tensors.length));
    const outputs = Array.from({ length: 1 + next(2) }, () => {
      tensors.push({ role: next(9) === 0 ? 'output' : 'temporary', name: '', type: tensorType(f32, 1 + next(500)) });
      return tensors.length - 1;
    });
    list.push({ kernel: 'any', inputs, outputs, params: {}, updates: [] });
  }
  return { tensors, scalars: [], calls: list };
}

describe('planArena', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('temporaries alive together never overlap (seed %i)', (seed) => {
    const program = randomProgram(seed, 60);
    const plan = planArena(program);
    const first = program.tensors.map((_, id) =>
      program.calls.findIndex((call) => call.inputs.includes(id) || call.outputs.includes(id)),
    );
    const placed = program.tensors.flatMap(({ role, type }, id) => {
      expect(plan.offsets[id]! >= 0).toBe(role === 'temporary' && first[id]! >= 0);
      if (plan.offsets[id]! < 0) return [];
      expect(plan.offsets[id]! % arenaAlignment).toBe(0);
      return [
        {
          start: plan.offsets[id]!,
          end: plan.offsets[id]! + byteLength(type),
          from: first[id]!,
          to: plan.lastUse[id]!,
        },
      ];
    });
    for (const [index, a] of placed.entries()) {
      expect(a.end).toBeLessThanOrEqual(plan.bytes);
      for (const b of placed.slice(index + 1)) {
        const together = a.from <= b.to && b.from <= a.to;
        expect(together && a.start < b.end && b.start < a.end).toBe(false);
      }
    }
  });

  test('a long chain needs the room of two links, not of all', () => {
    const tensors = Array.from(
      { length: 50 },
      () => ({ role: 'temporary', name: '', type: tensorType(f32, 256) }) as const,
    );
    const calls = tensors
      .slice(1)
      .map((_, i) => ({ kernel: 'any', inputs: [i], outputs: [i + 1], params: {}, updates: [] }));
    expect(planArena({ tensors, scalars: [], calls }).bytes).toBe(2 * 256 * 4);
  });
});
