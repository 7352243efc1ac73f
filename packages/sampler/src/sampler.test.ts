import { BackendError, type LogitProcessor, RequestError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createSampler } from './sampler.ts';
import { samplerFromSettings } from './settings.ts';
import { chiSquare, chiSquareLimit, emptyContext, randomLogits, ranked, softmax } from './testing.ts';
import { topK } from './top-k.ts';

const logits = Float32Array.of(1.5, -0.25, 2, 0, 2, -3, 0.75);
const draws = 40_000;

function frequencies(settings: Parameters<typeof samplerFromSettings>[0], from = logits, ids: number[] = []): number[] {
  const sampler = samplerFromSettings({ seed: 20_260, ...settings });
  const counts = new Array<number>(from.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sampler.sample(from, { ids, promptLength: 0 })]++;
  return counts;
}

/** The distribution over the listed ids, from logits divided by a temperature. */
function distribution(kept: readonly number[], temperature = 1, from: ArrayLike<number> = logits): number[] {
  const probabilities = softmax(kept.map((id) => from[id] / temperature));
  return Array.from(from, (_, id) => (kept.includes(id) ? probabilities[kept.indexOf(id)] : 0));
}

describe('drawn ids follow the analytic distribution', () => {
  const all = [0, 1, 2, 3, 4, 5, 6];
  test.each([
    ['plain softmax', {}, distribution(all)],
    ['temperature 0.6', { temperature: 0.6 }, distribution(all, 0.6)],
    ['temperature 1.7', { temperature: 1.7 }, distribution(all, 1.7)],
    ['top-k 3', { topK: 3 }, distribution([2, 4, 0])],
    ['top-k 3 at temperature 2', { topK: 3, temperature: 2 }, distribution([2, 4, 0], 2)],
    // Probabilities: ids 2 and 4 .312 each, 0 .189, 6 .089, 3 .042: 0.7 needs the first three, 0.85 four.
    ['top-p 0.7', { topP: 0.7 }, distribution([2, 4, 0])],
    ['top-p 0.85', { topP: 0.85 }, distribution([2, 4, 0, 6])],
    ['min-p 0.25', { minP: 0.25 }, distribution([2, 4, 0, 6])],
    ['all of them', { topK: 5, topP: 0.98, minP: 0.2, temperature: 0.8 }, distribution([2, 4, 0, 6], 0.8)],
  ])('%s', (_name, settings, expected) => {
    const degrees = expected.filter((probability) => probability > 0).length - 1;
    expect(chiSquare(frequencies(settings), expected)).toBeLessThan(chiSquareLimit(degrees));
    const sampler = samplerFromSettings(settings);
    sampler.sample(logits, emptyContext);
    const choices = sampler.choices(20);
    expect(choices).toHaveLength(degrees + 1);
    for (const { id, probability } of choices) expect(probability).toBeCloseTo(expected[id], 6);
  });

  test('repetition penalty', () => {
    const penalised = Float32Array.from(logits, (logit, id) =>
      [1, 2].includes(id) ? (logit < 0 ? logit * 1.5 : logit / 1.5) : logit,
    );
    const counts = frequencies({ repetitionPenalty: 1.5 }, logits, [2, 1, 2]);
    expect(chiSquare(counts, distribution(all, 1, penalised))).toBeLessThan(chiSquareLimit(6));
  });

  test('a vocabulary of 1013 tokens, some impossible', () => {
    const many = randomLogits(1013, 5, 0.5).map((logit, id) => (id % 10 === 3 ? Number.NEGATIVE_INFINITY : logit));
    const expected = softmax([...many]);
    const degrees = expected.filter((probability) => probability > 0).length - 1;
    expect(chiSquare(frequencies({}, many), expected)).toBeLessThan(chiSquareLimit(degrees));
  });
});

describe('the choice', () => {
  test('agrees with a naive sampler that sorts everything', () => {
    const settings = { topK: 40, topP: 0.9, minP: 0.02, temperature: 0.7 };
    const sampler = samplerFromSettings({ ...settings, seed: 9 });
    for (let step = 0; step < 200; step++) {
      const row = randomLogits(503, 1000 + step, 2);
      const top = ranked(row).slice(0, settings.topK);
      const probabilities = softmax(top.map(({ logit }) => logit));
      let mass = 0;
      const nucleus = top.filter((_, i) => {
        mass += probabilities[i];
        return mass - probabilities[i] < settings.topP && probabilities[i] >= settings.minP * probabilities[0];
      });
      expect(nucleus.map(({ id }) => id)).toContain(sampler.sample(row, emptyContext));
    }
  });

  test('the same seed gives the same ids, another seed others, and reset starts over', () => {
    const rows = Array.from({ length: 30 }, (_, i) => randomLogits(97, i));
    const run = (sampler: ReturnType<typeof createSampler>) => rows.map((row) => sampler.sample(row, emptyContext));
    const sampler = samplerFromSettings({ seed: 5, topP: 0.95 });
    const first = run(sampler);
    sampler.reset();
    expect(run(sampler)).toEqual(first);
    expect(run(samplerFromSettings({ seed: 5, topP: 0.95 }))).toEqual(first);
    expect(run(samplerFromSettings({ seed: 6, topP: 0.95 }))).not.toEqual(first);
  });

  test('ids of a seed are pinned', () => {
    const sampler = samplerFromSettings({ seed: 1, temperature: 0.9, topK: 20, topP: 0.95, minP: 0.01 });
    const ids = Array.from({ length: 12 }, (_, i) => sampler.sample(randomLogits(301, i, 1), emptyContext));
    expect(ids).toMatchInlineSnapshot(`
      [
        290,
        225,
        277,
        133,
        225,
        250,
        175,
        9,
        19,
        272,
        75,
        70,
      ]
    `);
  });

  test('a sampler without a seed reports the one it drew', () => {
    const sampler = createSampler();
    const ids = Array.from({ length: 20 }, () => sampler.sample(logits, emptyContext));
    const again = createSampler({ seed: sampler.seed });
    expect(Array.from({ length: 20 }, () => again.sample(logits, emptyContext))).toEqual(ids);
  });

  test('temperature 0 takes the best, the lowest id among equals, after penalties', () => {
    expect(samplerFromSettings({ temperature: 0 }).sample(logits, emptyContext)).toBe(2);
    const penalised = samplerFromSettings({ temperature: 0, repetitionPenalty: 1.2 });
    expect(penalised.sample(logits, { ids: [2], promptLength: 1 })).toBe(4);
  });

  test('logits are not written to', () => {
    const row = Float32Array.from(logits);
    samplerFromSettings({ temperature: 0.3, topK: 2, repetitionPenalty: 2 }).sample(row, {
      ids: [0, 2],
      promptLength: 0,
    });
    expect(row).toEqual(logits);
  });

  test('the context reaches every processor, and reset too', () => {
    const seen: unknown[] = [];
    const spy: LogitProcessor = {
      name: 'spy',
      apply: (_, context) => seen.push(context),
      reset: () => seen.push('reset'),
    };
    const sampler = createSampler({ processors: [spy], seed: 0 });
    sampler.sample(logits, emptyContext);
    sampler.reset();
    expect(seen).toEqual([emptyContext, 'reset']);
  });

  test('a change of the vocabulary size is followed', () => {
    const sampler = createSampler({ greedy: true });
    expect(sampler.sample(Float32Array.of(0, 1), emptyContext)).toBe(1);
    expect(sampler.sample(logits, emptyContext)).toBe(2);
    expect(sampler.sample(Float32Array.of(3), emptyContext)).toBe(0);
  });
});

describe('broken logits', () => {
  test.each([
    ['NaN', [0, Number.NaN, 1], 'logits[1]'],
    ['+Infinity', [0, 1, Number.POSITIVE_INFINITY], 'logits[2]'],
    ['only -Infinity', [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], 'at least one finite value'],
    ['nothing', [], 'an empty array'],
  ])('%s is a BackendError', (_name, values, message) => {
    for (const settings of [{}, { temperature: 0 }, { topK: 2 }]) {
      const sample = () => samplerFromSettings(settings).sample(Float32Array.from(values), emptyContext);
      expect(sample).toThrow(BackendError);
      expect(sample).toThrow(message);
    }
  });

  const processor = (name: string, apply: LogitProcessor['apply']): LogitProcessor => ({ name, apply });
  test.each([
    processor('drops all', (candidates) => {
      candidates.size = 0;
    }),
    processor('grows', (candidates) => {
      candidates.size++;
    }),
    processor('bans all', (candidates) => {
      candidates.logits.fill(Number.NEGATIVE_INFINITY);
    }),
    processor('gives NaN', (candidates) => {
      candidates.logits[3] = Number.NaN;
    }),
    processor('overflows', (candidates) => {
      candidates.logits[3] = Number.POSITIVE_INFINITY;
    }),
  ])('a processor that $name is a RequestError', (broken) => {
    for (const greedy of [false, true]) {
      for (const chain of [[broken], [broken, topK(6)]]) {
        const sample = () => createSampler({ processors: chain, greedy }).sample(logits, emptyContext);
        expect(sample).toThrow(RequestError);
      }
    }
  });
});

test('choices are the likeliest first, of equal ones the lowest id, and one when greedy', () => {
  const sampler = samplerFromSettings({});
  expect(sampler.choices(3)).toEqual([]);
  sampler.sample(logits, emptyContext);
  expect(sampler.choices(3).map(({ id }) => id)).toEqual([2, 4, 0]);
  expect(sampler.choices(0)).toEqual([]);
  const greedy = samplerFromSettings({ temperature: 0 });
  greedy.sample(logits, emptyContext);
  expect(greedy.choices(3)).toEqual([{ id: 2, probability: 1 }]);
});
