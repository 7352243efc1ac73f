import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openSafetensors } from '@yoco-u/checkpoint';
import { openFileSource } from '@yoco-u/checkpoint/node';
import { gradientName, parseConfig, withIterations } from '@yoco-u/model';
import { type Backend, BackendError, CapacityError, RequestError } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { batchOf } from './batch.ts';
import { adamw, float32Reference, muon, readAll, registry, tinyConfig, tinyRows, tinyTrainer } from './testing.ts';
import { createTrainer } from './trainer.ts';
import { planMemory, recordPrograms } from './training-programs.ts';

const golden = join(import.meta.dirname, '../../../fixtures/golden');
const kernels = registry.flatMap((variant) => variant.kernels);

async function readTensors(
  path: string,
): Promise<ReadonlyMap<string, { shape: readonly number[]; values: Float32Array | Int32Array }>> {
  const source = await openFileSource(path);
  const { tensors } = await openSafetensors(source);
  const read = new Map<string, { shape: readonly number[]; values: Float32Array | Int32Array }>();
  for (const [name, entry] of tensors) read.set(name, { shape: entry.shape, values: await entry.read() });
  await source.close?.();
  return read;
}

describe('steps that an independent implementation recorded', () => {
  test.each(readdirSync(golden).filter((name) => name.startsWith('train_')))('%s', async (name) => {
    const folder = join(golden, name);
    const settings = JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'));
    const recorded = await readTensors(join(folder, 'training.safetensors'));
    const config = parseConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')), registry);
    const [steps, sequences, rowLength] = recorded.get('tokens')!.shape as [number, number, number];
    await using backend = createReferenceBackend({ kernels });
    const { beta1, beta2, eps, weight_decay: weightDecay } = settings;
    using trainer = await createTrainer({
      backend,
      config,
      sequences,
      sequenceLength: rowLength - 1,
      optimizer: { kind: 'adamw', beta1, beta2, eps, weightDecay },
      clip: settings.clip_global_norm,
    });
    for (const [tensor, { values }] of await readTensors(join(folder, 'model.safetensors'))) {
      trainer.write(tensor, values as Float32Array);
    }
    for (let step = 0; step < steps; step++) {
      const rows = Array.from({ length: sequences }, (_, row) => {
        const start = (step * sequences + row) * rowLength;
        return (recorded.get('tokens')!.values as Int32Array).subarray(start, start + rowLength);
      });
      const loss = await trainer.accumulate(batchOf(rows));
      const norm = await trainer.update({ update: step + 1, learningRate: settings.lr, runs: 1 });
      expect(loss).toBeCloseTo(recorded.get('losses')!.values[step]!, 5);
      expect(norm / recorded.get('grad_norms')!.values[step]!).toBeCloseTo(1, 5);
    }
    for (const [tensor, { values }] of await readTensors(join(folder, 'after.safetensors'))) {
      const got = await trainer.read(tensor);
      const largest = Math.max(...values.map(Math.abs));
      const errors = Array.from(got, (value, i) => Math.abs(value - values[i]!) / largest).sort((a, b) => a - b);
      expect(errors[Math.floor(0.999 * (errors.length - 1))]).toBeLessThan(1e-5);
    }
  });
});

describe('gradients', () => {
  test('of two runs make that of one of both batches, to rounding', async () => {
    const rows = await (await tinyRows()).next(6);
    await using backend = float32Reference();
    const scaled = async (sequences: number): Promise<ReadonlyMap<string, Float32Array>> => {
      using trainer = await tinyTrainer({ backend, sequences });
      const runs = rows.length / sequences;
      for (let run = 0; run < runs; run++) {
        await trainer.accumulate(batchOf(rows.slice(run * sequences, (run + 1) * sequences)));
      }
      await trainer.update({ update: 1, learningRate: 0.01, runs });
      return await readAll(trainer);
    };
    const whole = await scaled(6);
    for (const [name, values] of await scaled(2)) {
      if (!name.startsWith('mean.')) continue;
      const expected = whole.get(name)!;
      const largest = Math.max(...expected.map(Math.abs));
      for (let i = 0; i < values.length; i++) expect(Math.abs(values[i]! - expected[i]!)).toBeLessThan(1e-5 * largest);
    }
  });

  test('are the same with activations computed twice, in less memory', async () => {
    const rows = await (await tinyRows()).next(3);
    await using backend = float32Reference();
    const config = withIterations(tinyConfig, 5);
    const results = [];
    for (const recompute of [false, 0.5, true]) {
      using trainer = await tinyTrainer({ backend, config, recompute });
      await trainer.accumulate(batchOf(rows));
      const gradients = [];
      for (const name of trainer.weightNames) gradients.push(await trainer.read(gradientName(name)));
      results.push({ gradients, arena: trainer.memory.arena });
    }
    const [kept, half, all] = results;
    for (const { gradients } of [half!, all!]) expect(gradients).toEqual(kept!.gradients);
    expect(half!.arena).toBeLessThan(kept!.arena);
    expect(all!.arena).toBeLessThan(half!.arena);
  });

  test('are zero after a step, and after being discarded', async () => {
    const rows = await (await tinyRows()).next(3);
    await using backend = float32Reference();
    using trainer = await tinyTrainer({ backend });
    const name = gradientName('model.embed_tokens.weight');
    for (const clear of [
      () => trainer.update({ update: 1, learningRate: 0.01, runs: 1 }),
      async () => trainer.discard(),
    ]) {
      await trainer.accumulate(batchOf(rows));
      expect((await trainer.read(name)).some((value) => value !== 0)).toBe(true);
      await clear();
      expect((await trainer.read(name)).every((value) => value === 0)).toBe(true);
    }
  });

  test('do not see targets that are negative, nor other sequences', async () => {
    const [row] = await (await tinyRows()).next(1);
    await using backend = float32Reference();
    using trainer = await tinyTrainer({ backend });
    const ids = row!.subarray(0, 5);
    const next = row!.subarray(1, 6);
    const alone = await trainer.accumulate({ tokens: [ids], targets: [next] });
    const masked = await trainer.accumulate({ tokens: [row!.subarray(0, 3), ids], targets: [[-1, -1, -1], next] });
    expect(masked).toBeCloseTo(alone, 5);
  });
});

describe('a step', () => {
  test('is the same whether its norm was asked for or not', async () => {
    const rows = await (await tinyRows()).next(3);
    await using backend = float32Reference();
    const results = [];
    for (const asked of [true, false]) {
      using trainer = await tinyTrainer({ backend });
      await trainer.accumulate(batchOf(rows));
      const norm = asked ? await trainer.gradientNorm(1) : undefined;
      const stepped = await trainer.update({ update: 1, learningRate: 0.01, runs: 1 });
      if (norm !== undefined) expect(stepped).toBe(norm);
      results.push(await readAll(trainer));
    }
    expect(results[1]).toEqual(results[0]);
  });

  test('lowers the loss of its batch', async () => {
    const rows = await (await tinyRows()).next(3);
    await using backend = float32Reference();
    for (const optimizer of [adamw, muon, { kind: 'sgd', momentum: 0.9, weightDecay: 0 } as const]) {
      using trainer = await tinyTrainer({ backend, optimizer });
      const losses = [];
      for (let update = 1; update <= 10; update++) {
        losses.push(await trainer.accumulate(batchOf(rows)));
        await trainer.update({ update, learningRate: 0.02, runs: 1 });
      }
      expect(losses[9]!).toBeLessThan(losses[0]! - 0.1);
    }
  });
});

describe('muon', () => {
  const embedding = 'model.embed_tokens.weight';
  const matrix = 'model.stages.0.layers.0.feed_forward.up_proj.weight';

  test('steps matrices of layers by 0.2 times the learning rate, and the rest as AdamW does', async () => {
    const rows = await (await tinyRows()).next(3);
    await using backend = float32Reference();
    const after = [];
    for (const optimizer of [muon, adamw]) {
      using trainer = await tinyTrainer({ backend, optimizer: { ...optimizer, weightDecay: 0 } });
      const before = await trainer.read(matrix);
      await trainer.accumulate(batchOf(rows));
      await trainer.update({ update: 1, learningRate: 0.01, runs: 1 });
      after.push({ before, weights: await readAll(trainer) });
    }
    const [stepped, other] = after;
    const apart = [...other!.weights].filter(
      ([name, values]) => !isDeepStrictEqual(values, stepped!.weights.get(name)),
    );
    const changed = apart.map(([name]) => name).filter((name) => name.startsWith('model.'));
    expect(changed.length).toBeGreaterThan(5);
    expect(changed.every((name) => /_proj\.weight$/.test(name))).toBe(true);
    const values = stepped!.weights.get(matrix)!;
    const squares = values.reduce((sum, value, i) => sum + (value - stepped!.before[i]!) ** 2, 0);
    // singular values of the direction end near 1, not at it
    expect(Math.abs(Math.sqrt(squares / values.length) / (0.2 * 0.01) - 0.95)).toBeLessThan(0.25);
  });

  test('keeps one moment of a matrix, two of the rest, and says how much memory that is', async () => {
    await using backend = float32Reference();
    using trainer = await tinyTrainer({ backend, optimizer: muon, evaluateIterations: [] });
    const momentsOf = (name: string) => trainer.momentNames.filter((moment) => moment.endsWith(`.${name}`));
    expect(momentsOf(matrix)).toEqual([`mean.${matrix}`]);
    expect(momentsOf(embedding)).toEqual([`mean.${embedding}`, `variance.${embedding}`]);
    expect(momentsOf('model.norm.weight')).toHaveLength(2);
    const { moments, total, arena } = trainer.memory;
    const elements = trainer.momentNames.map((name) => trainer.shapeOf(name).reduce((a, b) => a * b, 1));
    expect(moments).toBe(4 * elements.reduce((a, b) => a + b, 0));
    expect(backend.memory().bufferBytes).toBe(total - arena);
  });

  test('leaves weights without a gradient alone, but for their decay', async () => {
    await using backend = float32Reference();
    using trainer = await tinyTrainer({ backend, optimizer: muon });
    const before = await trainer.read(matrix);
    await trainer.update({ update: 1, learningRate: 0.01, runs: 1 });
    const values = await trainer.read(matrix);
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(before[i]! * (1 - 0.01 * 0.1), 6);
  });
});

test('evaluation gives the losses of training, and changes nothing', async () => {
  const rows = await (await tinyRows()).next(3);
  await using backend = float32Reference();
  using trainer = await tinyTrainer({ backend, trainIterations: [1, 2], evaluateIterations: [1, 2, 3] });
  const before = await readAll(trainer);
  for (const iterations of [1, 2]) {
    const losses = await trainer.evaluate(batchOf(rows), iterations);
    expect(losses).toHaveLength(21);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / 21;
    expect(mean).toBeCloseTo(await trainer.accumulate(batchOf(rows), iterations), 4);
  }
  expect(await readAll(trainer)).toEqual(before);
  await expect(trainer.accumulate(batchOf(rows), 3)).rejects.toThrow('train at (1, 2), got 3');
});

test('memory is known before it is taken', async () => {
  await using backend = float32Reference();
  using trainer = await tinyTrainer({ backend, evaluateIterations: [] });
  const planned = planMemory(trainer.shape, recordPrograms(trainer.shape));
  expect(trainer.memory).toEqual(planned);
  const held = backend.memory();
  expect(held.bufferBytes).toBe(planned.total - planned.arena);
  expect(planned.moments).toBe(2 * planned.parameters);
  trainer[Symbol.dispose]();
  expect(backend.memory().bufferBytes).toBe(0);
});

describe('refuses', () => {
  test.each([
    ['no sequence', { tokens: [], targets: [] }],
    ['too many sequences', { tokens: [[1], [1], [1], [1]], targets: [[1], [1], [1], [1]] }],
    ['a sequence that is too long', { tokens: [[1, 2, 3, 4, 5, 6, 7, 8]], targets: [[1, 2, 3, 4, 5, 6, 7, 8]] }],
    ['an id out of range', { tokens: [[257]], targets: [[1]] }],
    ['a target out of range', { tokens: [[1]], targets: [[257]] }],
    ['targets of another length', { tokens: [[1, 2]], targets: [[1]] }],
  ])('%s', async (_name, batch) => {
    await using backend = float32Reference();
    using trainer = await tinyTrainer({ backend });
    await expect(trainer.accumulate(batch)).rejects.toThrow(RequestError);
  });

  test('a device that says later that it has no room, and takes nothing', async () => {
    await using reference = float32Reference();
    const none = new CapacityError({ where: 'device', expected: 'memory', got: 'none' });
    const backend: Backend = { ...reference, settled: () => Promise.reject(none) };
    await expect(tinyTrainer({ backend })).rejects.toBe(none);
    expect(reference.memory().bufferBytes).toBe(0);
  });

  test('a backend without the kernels, and takes nothing', async () => {
    await using backend = float32Reference();
    const lacking = { ...backend, supports: () => 'no such kernel here' };
    await expect(tinyTrainer({ backend: lacking, config: tinyConfig })).rejects.toThrow(BackendError);
    expect(backend.memory().bufferBytes).toBe(0);
  });
});
