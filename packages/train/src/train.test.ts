import { gradientName } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { beforeAll, describe, expect, test } from 'vitest';
import { createByteCounter } from './data/byte-counter.ts';
import { DivergenceError } from './divergence-error.ts';
import type { StepEvent, TrainEvent } from './events.ts';
import type { OptimizerSettings } from './optimizer.ts';
import { adamw, byteTokenizer, float32Reference, muon, readAll, tinyRows, tinyTrainer } from './testing.ts';
import { type LoopSettings, type TrainOptions, train } from './train.ts';
import type { TrainState } from './train-state.ts';
import type { Trainer } from './trainer.ts';

const settings: LoopSettings = {
  steps: 20,
  accumulation: 2,
  learningRate: 0.01,
  schedule: { kind: 'cosine', warmup: 3, final: 0.1, decay: 0.2 },
  iterations: { from: 1, to: 3 },
  outliers: { factor: 4, after: 5 },
  seed: 11,
  validateEvery: 0,
  sampleEvery: 0,
  saveEvery: 0,
};
const bytesOf = createByteCounter(byteTokenizer);
let backend: Backend;
beforeAll(() => {
  backend = float32Reference();
});

async function optionsFor(trainer: Trainer, changes: Partial<LoopSettings> = {}): Promise<TrainOptions> {
  return { trainer, settings: { ...settings, ...changes }, data: await tinyRows(), bytesOf };
}

async function collect(events: AsyncIterable<TrainEvent>): Promise<readonly TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const deep = { trainIterations: [1, 2, 3], evaluateIterations: [1, 2, 3] };
const stepsOf = (events: readonly TrainEvent[]): readonly StepEvent[] =>
  events.filter((event) => event.type === 'step');
/** What does not depend on the clock. */
const lastingOf = (events: readonly TrainEvent[]) =>
  stepsOf(events).map(({ step, loss, gradientNorm, learningRate, iterations, skipped, tokens, bitsPerByte }) => {
    return { step, loss, gradientNorm, learningRate, iterations, skipped, tokens, bitsPerByte };
  });

/** Runs until a checkpoint and goes on from it in another trainer, as after a crash. */
async function interrupted(stopAt: number, optimizer: OptimizerSettings) {
  using first = await tinyTrainer({ backend, optimizer, ...deep });
  const before = await collect(train({ ...(await optionsFor(first)), stopAt }));
  const saved = before.findLast((event) => event.type === 'save')!;
  const tensors = await readAll(first);
  using second = await tinyTrainer({ backend, optimizer, ...deep });
  for (const [name, values] of tensors) second.write(name, values);
  const resume = JSON.parse(JSON.stringify(saved.state)) as TrainState;
  const after = await collect(train({ ...(await optionsFor(second)), resume }));
  return { events: [...before, ...after], weights: await readAll(second) };
}

describe('the same weights, bit for bit', () => {
  test.each([adamw, muon])('in two runs, and with 20 steps or 7 and 13: $kind', async (optimizer) => {
    const runs = [];
    for (let run = 0; run < 2; run++) {
      using trainer = await tinyTrainer({ backend, optimizer, ...deep });
      runs.push({ events: await collect(train(await optionsFor(trainer))), weights: await readAll(trainer) });
    }
    const resumed = await interrupted(7, optimizer);
    expect(runs[1]!.weights).toEqual(runs[0]!.weights);
    expect(resumed.weights).toEqual(runs[0]!.weights);
    expect(lastingOf(resumed.events)).toEqual(lastingOf(runs[0]!.events));
    expect(new Set(stepsOf(runs[0]!.events).map(({ iterations }) => iterations))).toEqual(new Set([1, 2, 3]));
  });

  test('whether it is aborted in the middle of a step or not', async () => {
    using whole = await tinyTrainer({ backend, ...deep });
    await collect(train(await optionsFor(whole, { steps: 6 })));
    using trainer = await tinyTrainer({ backend, ...deep });
    const options = await optionsFor(trainer, { steps: 6 });
    const controller = new AbortController();
    let draws = 0;
    const data = {
      ...options.data,
      next(count: number) {
        // the first of two runs of the fourth step
        if (++draws === 7) controller.abort();
        return options.data.next(count);
      },
    };
    const events = await collect(train({ ...options, data, signal: controller.signal }));
    expect(events.at(-1)).toEqual({ type: 'end', step: 3, reason: 'abort' });
    const saved = events.at(-2)!;
    expect(saved.type).toBe('save');
    if (saved.type !== 'save') return;
    expect(events.at(-3)!.step).toBe(3);
    await collect(train({ ...(await optionsFor(trainer, { steps: 6 })), resume: saved.state }));
    expect(await readAll(trainer)).toEqual(await readAll(whole));
  });
});

describe('events', () => {
  test('a new run saves before its first step, at intervals and at its end', async () => {
    using trainer = await tinyTrainer({ backend, ...deep });
    const events = await collect(train(await optionsFor(trainer, { steps: 7, saveEvery: 3 })));
    expect(events.filter(({ type }) => type === 'save').map(({ step }) => step)).toEqual([0, 3, 6, 7]);
    expect(events.at(-1)).toEqual({ type: 'end', step: 7, reason: 'done' });
  });

  test('the loss falls, and all figures agree with each other', async () => {
    using trainer = await tinyTrainer({ backend, ...deep });
    const flopLimit = 1e9;
    const steps = stepsOf(await collect(train({ ...(await optionsFor(trainer)), flopLimit })));
    expect(steps).toHaveLength(20);
    expect(steps[19]!.loss).toBeLessThan(steps[0]!.loss - 0.3);
    for (const { tokens, step, seconds, tokensPerSecond, flopsPerSecond, flopShare, loss, bitsPerByte } of steps) {
      expect(tokens).toBe(step * 2 * 3 * 7);
      expect(tokensPerSecond).toBeCloseTo(42 / seconds, 3);
      expect(flopShare).toBeCloseTo(flopsPerSecond / flopLimit, 12);
      // ids are bytes, but for those between documents
      expect(bitsPerByte).toBeGreaterThan(((1 - 1e-12) * loss) / Math.LN2);
      expect(bitsPerByte).toBeLessThan((1.1 * loss) / Math.LN2);
    }
    expect(steps[19]!.secondsLeft).toBe(0);
  });

  test('validation at every depth asked for, and samples', async () => {
    using trainer = await tinyTrainer({ backend, ...deep });
    const rows = await (await tinyRows(7, 99)).next(5);
    const bytes = rows.reduce((sum, row) => sum + bytesOf(row.subarray(1)), 0);
    const events = await collect(
      train({
        ...(await optionsFor(trainer, { steps: 5, validateEvery: 2, sampleEvery: 4 })),
        validation: { rows, bytes, iterations: [1, 3] },
        sample: async (step) => [{ prompt: 'The', text: ` ${step}` }],
      }),
    );
    const validations = events.filter((event) => event.type === 'validation');
    expect(validations.map(({ step }) => step)).toEqual([2, 4, 5]);
    for (const { results } of validations) {
      expect(results.map(({ iterations }) => iterations)).toEqual([1, 3]);
      for (const { loss, bitsPerByte } of results) expect(bitsPerByte).toBeCloseTo((loss * 35) / Math.LN2 / bytes, 9);
    }
    expect(events.filter((event) => event.type === 'sample').map(({ step }) => step)).toEqual([4, 5]);
    const end = events.findLast((event) => event.type === 'save')!;
    const [a, b] = validations[2]!.results;
    expect(end.validationLoss).toBeCloseTo((a!.loss + b!.loss) / 2, 12);
  });
});

test('a step with an extraordinary gradient is left out, and counted as no update', async () => {
  using trainer = await tinyTrainer({ backend, ...deep });
  let calls = 0;
  const spiky: Trainer = {
    ...trainer,
    gradientNorm: async (runs) => (await trainer.gradientNorm(runs)) * (++calls === 8 ? 100 : 1),
  };
  const weights: Float32Array[] = [];
  const steps: StepEvent[] = [];
  let state: TrainState | undefined;
  for await (const event of train(await optionsFor(spiky, { steps: 9 }))) {
    if (event.type === 'save') state = event.state;
    if (event.type !== 'step') continue;
    steps.push(event);
    weights.push(await trainer.read('model.norm.weight'));
  }
  expect(steps.map(({ skipped }) => skipped)).toEqual([...new Array(7).fill(false), true, false]);
  expect(weights[7]).toEqual(weights[6]);
  expect(weights[8]).not.toEqual(weights[7]);
  expect(state).toMatchObject({ step: 9, updates: 8 });
});

describe('a number that is none stops the run', () => {
  test.each([
    ['model.stages.0.layers.0.feed_forward.up_proj.weight', Number.NaN],
    ['model.stages.1.k_proj.weight', Number.POSITIVE_INFINITY],
  ])('in %s', async (name, value) => {
    using trainer = await tinyTrainer({ backend, ...deep });
    const run = async (): Promise<void> => {
      for await (const event of train(await optionsFor(trainer, { saveEvery: 2 }))) {
        if (event.type !== 'step' || event.step !== 3) continue;
        const values = await trainer.read(name);
        values[4] = value;
        trainer.write(name, values);
      }
    };
    const error = await run().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error).toMatchObject({ code: 'divergence', step: 4, tensor: name, lastSaved: 2 });
    expect((error as Error).message).toMatch(
      /step 4: loss: expected finite numbers, got NaN \(first in .*; go on from the checkpoint of step 2/,
    );
  });

  test('in a gradient, before it reaches a weight', async () => {
    using trainer = await tinyTrainer({ backend, ...deep });
    const name = gradientName('model.stages.1.layers.0.attention.q_proj.weight');
    const faulty: Trainer = {
      ...trainer,
      async accumulate(batch, iterations) {
        const loss = await trainer.accumulate(batch, iterations);
        trainer.write(name, (await trainer.read(name)).fill(Number.POSITIVE_INFINITY));
        return loss;
      },
    };
    const before = await readAll(trainer);
    const error = await collect(train(await optionsFor(faulty))).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ step: 1, tensor: name, lastSaved: 0 });
    expect(await readAll(trainer)).toEqual(before);
  });
});
