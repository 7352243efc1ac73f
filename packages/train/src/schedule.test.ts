import { describe, expect, test } from 'vitest';
import { checkSchedule, type Schedule, scheduleFactor } from './schedule.ts';

const schedule = (kind: Schedule['kind']): Schedule => ({ kind, warmup: 10, final: 0.1, decay: 0.2 });
const factors = (kind: Schedule['kind']) =>
  Array.from({ length: 101 }, (_, step) => scheduleFactor(schedule(kind), step, 100));

describe.each(['cosine', 'linear', 'warmup_stable_decay', 'constant'] as const)('%s', (kind) => {
  test('rises from above zero over the warm-up, then never rises again', () => {
    const all = factors(kind);
    expect(all[0]).toBeGreaterThan(0);
    for (let step = 1; step < 10; step++) expect(all[step]!).toBeGreaterThan(all[step - 1]!);
    expect(all[10]).toBe(1);
    for (let step = 11; step <= 100; step++) expect(all[step]!).toBeLessThanOrEqual(all[step - 1]!);
  });

  test('ends at what is left', () => {
    expect(factors(kind)[100]).toBeCloseTo(kind === 'constant' ? 1 : 0.1, 12);
  });
});

test('warm-up, stable, decay: stays until the last fifth', () => {
  const all = factors('warmup_stable_decay');
  expect(all[80]).toBe(1);
  expect(all[90]).toBeCloseTo(0.55, 12);
});

test.each([
  [{ ...schedule('cosine'), final: 2 }, 'schedule.final'],
  [{ ...schedule('cosine'), decay: Number.NaN }, 'schedule.decay'],
  [{ ...schedule('cosine'), warmup: 101 }, 'schedule.warmup'],
])('refuses %o', (bad, name) => {
  expect(() => checkSchedule(bad, 100)).toThrow(name);
});
