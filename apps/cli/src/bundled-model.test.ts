/** The bundled model: what was recorded of it when it was put here, at every depth that it was trained for. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { scoreText } from '@yoco-u/engine';
import { type LoadedModel, loadModelFolder } from '@yoco-u/yoco-u/node';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../model');

/** Herman Melville, Moby-Dick (1851). */
const text = `Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse, and nothing
particular to interest me on shore, I thought I would sail about a little and see the watery part of the world. It is a way
I have of driving off the spleen and regulating the circulation. Whenever I find myself growing grim about the mouth;
whenever it is a damp, drizzly November in my soul; whenever I find myself involuntarily pausing before coffin warehouses,
and bringing up the rear of every funeral I meet; then, I account it high time to get to sea as soon as I can.
`;

/** Bits per byte of the text, by iterations, on the reference backend. */
const recorded: Readonly<Record<string, number>> = { 1: 2.2512227, 2: 2.2422789, 3: 2.2433328, 4: 2.2449247 };

let loaded: LoadedModel;
beforeAll(async () => {
  loaded = await loadModelFolder(folder);
});
afterAll(() => loaded[Symbol.asyncDispose]());

test('is trained for one to four iterations, and small enough to come along', async () => {
  expect(loaded.model.config.source.train_iterations).toEqual({ from: 1, to: 4 });
  expect((await stat(join(folder, 'model.safetensors'))).size).toBeLessThan(10e6);
});

test.each(Object.entries(recorded))('scores what it did at %s iterations', async (iterations, bitsPerByte) => {
  const result = await scoreText(loaded.model, text, { iterations: Number(iterations) });
  expect(Math.abs(result.bitsPerByte - bitsPerByte)).toBeLessThan(1e-4);
});
