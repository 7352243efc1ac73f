import { join } from 'node:path';
import { openSafetensors } from '@yoco-u/checkpoint';
import { openFileSource } from '@yoco-u/checkpoint/node';
import { inspectLoop } from '@yoco-u/engine';
import { expect, test } from 'vitest';
import { loadModelFolder, loadParts } from './node.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures');
const golden = join(fixtures, 'golden/yoco_u');
const stories = join(fixtures, 'models/stories-reference');
const V = 97;
const rows = 23;

async function readRecorded(): Promise<{ readonly tokens: Int32Array; readonly logits: Float32Array }> {
  const source = await openFileSource(join(golden, 'io.safetensors'));
  const { tensors } = await openSafetensors(source);
  const recorded = {
    tokens: await tensors.get('tokens')!.readInt32(),
    logits: await tensors.get('logits')!.readFloat32(),
  };
  await source.close?.();
  return recorded;
}

test.each(['reference', 'wasm'] as const)(
  'the last reading is what an independent implementation says, on %s',
  async (backend) => {
    const { tokens, logits } = await readRecorded();
    await using parts = await loadParts(golden, { backend, threads: 1 });
    const { iterations } = await inspectLoop(parts, tokens.subarray(0, rows), { alternatives: 3 });
    expect(iterations).toHaveLength(3);
    iterations.at(-1)!.readings.forEach(({ alternatives, logProbability }, row) => {
      const own = logits.subarray(row * V, (row + 1) * V);
      const shift = Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0));
      const best = own.toSorted((a, b) => b - a).slice(0, 3);
      alternatives.forEach((alternative, rank) => {
        expect(alternative.logProbability).toBeCloseTo(best[rank]! - shift, 4);
        expect(own[alternative.id]! - shift).toBeCloseTo(alternative.logProbability, 4);
      });
      if (row < rows - 1) expect(logProbability).toBeCloseTo(own[tokens[row + 1]!]! - shift, 4);
    });
  },
);

test('the reading after an iteration is the model at this many iterations', async () => {
  await using loaded = await loadModelFolder(stories, { threads: 1 });
  const { model } = loaded;
  const ids = [model.bosTokenId!, ...model.tokenizer.encode('The old king looked at the sea and said nothing.')];
  const { iterations } = await model.inspectLoop(ids, { iterations: 4, alternatives: 0 });
  for (const [index, { readings }] of iterations.entries()) {
    const losses = await model.score(ids, 1, { iterations: index + 1 });
    losses.forEach((loss, row) => {
      expect(-readings[row]!.logProbability!).toBeCloseTo(loss, 4);
    });
  }
});

test('a head of the looped stage looks no further than its window, one of the cross stage does', async () => {
  await using parts = await loadParts(golden, { threads: 1 });
  const ids = Array.from({ length: rows }, (_, index) => (index * 37 + 5) % V);
  const reach = async (stage: number, iteration: number): Promise<number> => {
    const { attention } = await inspectLoop(parts, ids, { attention: { stage, iteration, layer: 1, head: 3 } });
    let furthest = 0;
    for (let row = 0; row < rows; row++) {
      const own = attention!.weights.subarray(row * rows, (row + 1) * rows);
      expect(own.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 5);
      expect(own.subarray(row + 1).every((weight) => weight === 0)).toBe(true);
      furthest = Math.max(furthest, row - own.findIndex((weight) => weight > 0) + 1);
    }
    return furthest;
  };
  const { window } = parts.config.stages[0]!.layers[1]!.config as { readonly window: number };
  expect(await reach(0, 1)).toBe(window);
  expect(await reach(1, 0)).toBe(rows);
});

test.each(['reference', 'wasm'] as const)(
  'a head of gated retention forgets, each round by its own gates, on %s',
  async (backend) => {
    await using parts = await loadParts(join(fixtures, 'golden/yoco_u_gated_retention'), { backend, threads: 1 });
    const ids = Array.from({ length: rows }, (_, index) => (index * 37 + 5) % V);
    const heldIn = async (iteration: number): Promise<Float32Array> => {
      const { attention } = await inspectLoop(parts, ids, { attention: { stage: 0, iteration, layer: 1, head: 3 } });
      expect(attention!.kind).toBe('held');
      return attention!.weights;
    };
    const [first, second] = [await heldIn(0), await heldIn(1)];
    for (let row = 0; row < rows; row++) {
      const own = Array.from(first.subarray(row * rows, row * rows + row + 1));
      expect(own.at(-1)).toBe(1);
      expect(own[0]).toBeGreaterThan(0);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
      expect(first.subarray(row * rows + row + 1, (row + 1) * rows).every((weight) => weight === 0)).toBe(true);
    }
    expect(second).not.toEqual(first);
  },
);
