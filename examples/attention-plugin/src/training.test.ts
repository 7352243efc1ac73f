/** From text to a model that writes, through the published packages alone. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueGreedily, type TrainedModel, trainRhyme } from './training.ts';

let trained: TrainedModel;
beforeAll(async () => {
  trained = await trainRhyme('wasm', 60);
});
afterAll(() => rm(trained.folder, { recursive: true }));

test('a model with ALiBi learns the rhyme', () => {
  const { losses } = trained;
  expect(losses).toHaveLength(60);
  expect(losses[0]).toBeGreaterThan(5);
  expect(losses.at(-1)).toBeLessThan(1.5);
});

test('it goes on from a prompt, alike on the CPU and by its definition', async () => {
  const text = await continueGreedily(trained.folder, 'wasm', 'This is the rat');
  expect(text).toContain(' that ate the');
  expect(await continueGreedily(trained.folder, 'reference', 'This is the rat')).toBe(text);
});
