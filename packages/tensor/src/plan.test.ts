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

  test('a chain of a hundred thousand calls is planned in linear time, and in the room of two links', () => {
    const count = 100_000;
    const tensors = Array.from({ length: count + 1 }, (_, i) => {
      return { role: 'temporary', name: '', type: tensorType(f32, 16 * (1 + (i % 3))) } as const;
    });
    const calls = Array.from({ length: count }, (_, i) => {
      return { kernel: 'any', inputs: [i], outputs: [i + 1], params: {}, updates: [] };
    });
    const largestPair = 64 * (2 + 3);
    for (const separate of [false, true]) {
      expect(planArena({ tensors, scalars: [], calls }, { separate }).bytes).toBeLessThanOrEqual(2 * largestPair);
    }
  });

  test('activations of a deep model, each kept until its gradient, are planned in time and without gaps', () => {
    const depth = 10_000;
    // forward: a kept value and one for the next call; backward: the kept values again, the last one first
    const tensors = Array.from({ length: 2 * depth + 1 }, (_, i) => {
      return { role: 'temporary', name: '', type: tensorType(f32, i % 2 === 0 ? 64 : 32) } as const;
    });
    const calls = Array.from({ length: 2 * depth }, (_, i) => {
      const inputs = i < depth ? [2 * i] : [2 * (2 * depth - i) - 1];
      return { kernel: 'any', inputs, outputs: i < depth ? [2 * i + 1, 2 * i + 2] : [], params: {}, updates: [] };
    });
    const kept = depth * 32 * 4;
    const passedOn = 2 * 64 * 4;
    expect(planArena({ tensors, scalars: [], calls }).bytes).toBeLessThanOrEqual(kept + passedOn);
  });

  test('without options there is one page', () => {
    const { pages, pageBytes, bytes } = planArena(randomProgram(3, 40));
    expect(pageBytes).toEqual([bytes]);
    expect(new Set(pages)).toEqual(new Set([-1, 0]));
  });
});

describe('planArena in pages', () => {
  const scratchOf = (calls: number): number[][] =>
    Array.from({ length: calls }, (_, index) => [[], [700], [40, 3000]][index % 3]!);

  test.each([1, 2, 3, 4, 5, 6])('no page holds what a call reads and what it writes (seed %i)', (seed) => {
    const program = randomProgram(seed, 60);
    const plan = planArena(program, { separate: true, alignment: 256, scratch: scratchOf(60) });
    const pagesOf = (ids: readonly number[]): number[] => ids.map((id) => plan.pages[id]!).filter((page) => page >= 0);
    program.calls.forEach(({ inputs, outputs }, index) => {
      const written = new Set([...pagesOf(outputs), ...plan.scratch[index]!.map(({ page }) => page)]);
      expect(pagesOf(inputs).filter((page) => written.has(page))).toEqual([]);
    });
    expect(plan.pageBytes.length).toBeLessThan(9);
    expect(plan.bytes).toBe(plan.pageBytes.reduce((sum, bytes) => sum + bytes, 0));
    expect(plan.bytes).toBeLessThan(2 * planArena(program, { alignment: 256, scratch: scratchOf(60) }).bytes);
  });

  test.each([1, 2, 3])('nothing alive together overlaps, scratch memory neither (seed %i)', (seed) => {
    const program = randomProgram(seed, 50);
    const scratch = scratchOf(50);
    const plan = planArena(program, { separate: true, alignment: 256, mostPageBytes: 6000, scratch });
    const uses = (id: number) =>
      program.calls.flatMap(({ inputs, outputs }, index) => ([...inputs, ...outputs].includes(id) ? [index] : []));
    const placed = [
      ...program.tensors.flatMap(({ type }, id) =>
        plan.pages[id]! < 0
          ? []
          : [{ page: plan.pages[id]!, start: plan.offsets[id]!, bytes: byteLength(type), calls: uses(id) }],
      ),
      ...plan.scratch.flatMap((places, index) =>
        places.map(({ page, offset }, area) => ({
          page,
          start: offset,
          bytes: scratch[index]![area]!,
          calls: [index],
        })),
      ),
    ];
    for (const [index, a] of placed.entries()) {
      expect(a.start % 256).toBe(0);
      expect(a.start + a.bytes).toBeLessThanOrEqual(plan.pageBytes[a.page]!);
      for (const b of placed.slice(index + 1)) {
        const together = a.calls[0]! <= b.calls.at(-1)! && b.calls[0]! <= a.calls.at(-1)!;
        const overlap = a.page === b.page && a.start < b.start + b.bytes && b.start < a.start + a.bytes;
        expect(together && overlap).toBe(false);
      }
    }
    expect(Math.max(...plan.pageBytes)).toBeLessThanOrEqual(6144);
  });

  test('a page grows beyond the limit only for what is larger itself', () => {
    const tensors = [9000, 300, 300].map(
      (size) => ({ role: 'temporary', name: '', type: tensorType(f32, size) }) as const,
    );
    const calls = [{ kernel: 'any', inputs: [], outputs: [0, 1, 2], params: {}, updates: [] }];
    const { pageBytes } = planArena({ tensors, scalars: [], calls }, { mostPageBytes: 2048 });
    expect(pageBytes).toEqual([36032, 1216, 1216]);
  });
});
