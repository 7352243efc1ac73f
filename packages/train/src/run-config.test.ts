import { ConfigError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { checkSameRun, planRun, sizesForText } from './run-config.ts';
import { mergeRequests, parseRunRequest, type RunRequest } from './run-request.ts';
import { adamw, registry } from './testing.ts';

const text = { vocabularySize: 1000, bosTokenId: 999, eosTokenId: 999, tokens: 300_000 };
const plan = (request = {}, sequenceLength = 256) => planRun(request, sequenceLength, text, registry);

describe('one dial', () => {
  test('deeper is wider, with more parameters and a lower learning rate', () => {
    const plans = [2, 3, 4, 6, 8, 12].map((depth) => plan({ depth }));
    for (let i = 1; i < plans.length; i++) {
      expect(plans[i]!.model.hiddenSize).toBeGreaterThan(plans[i - 1]!.model.hiddenSize);
      expect(plans[i]!.config.learningRate).toBeLessThan(plans[i - 1]!.config.learningRate);
      expect(plans[i]!.config.steps).toBeGreaterThanOrEqual(plans[i - 1]!.config.steps);
    }
    for (const [index, depth] of [2, 3, 4, 6, 8, 12].entries()) {
      const { stages, heads, keyValueHeads, headDim, hiddenSize } = plans[index]!.model;
      expect(stages.map(({ layers }) => layers.length)).toEqual([Math.ceil(depth / 2), Math.floor(depth / 2)]);
      expect(heads * headDim).toBe(hiddenSize);
      expect(heads % keyValueHeads).toBe(0);
    }
  });

  test('a text alone gives half a million to two million parameters and three iterations, whatever its size', () => {
    for (const bytes of [3e3, 6e4, 1e6, 3e7, 1e9]) {
      const { vocabularySize, sequenceLength } = sizesForText({}, bytes);
      const { model, config } = planRun(
        {},
        sequenceLength,
        { ...text, bosTokenId: 0, eosTokenId: 0, vocabularySize },
        registry,
      );
      const parameters = 4 * model.hiddenSize ** 2 * 12 + vocabularySize * model.hiddenSize;
      expect(parameters).toBeGreaterThan(0.5e6);
      expect(parameters).toBeLessThan(2e6);
      expect(config.iterations).toBe(3);
    }
  });

  test('small texts are not repeated for ever, and large ones not read to their end by a small model', () => {
    const tokens = (count: number, request: RunRequest = {}): number => {
      const { config } = planRun(request, 64, { ...text, tokens: count }, registry);
      return config.steps * config.batch * config.sequenceLength;
    };
    expect(tokens(300_000) / 300_000).toBeCloseTo(4, 0);
    expect(tokens(1e9)).toBeLessThan(30e6);
    expect(tokens(100)).toBeGreaterThan(50_000);
    expect(tokens(100, { optimizer: adamw })).toBe(2 * tokens(100));
  });
});

describe('a request', () => {
  test('says what replaces what follows from the text', () => {
    const { config, model } = plan({
      model: { hidden_size: 96, tie_word_embeddings: false },
      iterations: { from: 1, to: 4 },
      schedule: { kind: 'warmup_stable_decay', warmup: 7 },
      outliers: false,
      validation: { every: 9 },
    });
    expect(model).toMatchObject({ hiddenSize: 96, tieWordEmbeddings: false });
    expect(config.model.train_iterations).toEqual({ from: 1, to: 4 });
    expect(config.schedule).toMatchObject({ kind: 'warmup_stable_decay', warmup: 7, final: 0.1 });
    expect(config.outliers).toBeNull();
    expect(config.validation).toMatchObject({ every: 9, iterations: [1, 2, 3, 4] });
  });

  test('is plain JSON that reads back as it was', () => {
    const request = {
      data: ['a', 'b'],
      optimizer: { kind: 'sgd', momentum: 0.5, weightDecay: 0 },
      outliers: false,
    } as const;
    expect(parseRunRequest(JSON.parse(JSON.stringify(parseRunRequest(request))))).toEqual(request);
    expect(parseRunRequest({ data: 'one', recompute: 0.25 })).toEqual({ data: ['one'], recompute: 0.25 });
    expect(parseRunRequest({ optimizer: {} }).optimizer).toMatchObject({ kind: 'adamw', beta2: 0.95 });
    const muon = { kind: 'muon', momentum: 0.95, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0 } as const;
    expect(parseRunRequest({ optimizer: { kind: 'muon', weightDecay: 0 } })).toEqual({ optimizer: muon });
    expect(plan().config.optimizer).toEqual({ ...muon, weightDecay: 0.1 });
    const { config } = plan({ optimizer: muon });
    expect(config.optimizer).toEqual(muon);
    expect(config.learningRate).toBeGreaterThan(plan({ optimizer: adamw }).config.learningRate);
    expect(plan({ optimizer: muon, learningRate: 0.001 }).config.learningRate).toBe(0.001);
  });

  test('flags replace keys of a file, one level deep', () => {
    const file = { steps: 5, validation: { every: 3, rows: 8 }, model: { head_dim: 4 } };
    expect(mergeRequests(file, { steps: 6, validation: { every: 4 } })).toEqual({
      steps: 6,
      validation: { every: 4, rows: 8 },
      model: { head_dim: 4 },
    });
  });

  test.each([
    [{ stepz: 1 }, 'config.stepz'],
    [{ steps: 0 }, 'config.steps'],
    [{ steps: '3' }, 'config.steps'],
    [{ data: [] }, 'config.data'],
    [{ data: [3] }, 'config.data'],
    [{ depth: 1 }, 'config.depth'],
    [{ iterations: 0 }, 'config.iterations'],
    [{ iterations: { from: 2 } }, 'config.iterations'],
    [{ recompute: 1.5 }, 'config.recompute'],
    [{ recompute: 'all' }, 'config.recompute'],
    [{ clip: 0 }, 'config.clip'],
    [{ clip: Number.NaN }, 'config.clip'],
    [{ learningRate: -1 }, 'config.learningRate'],
    [{ schedule: { kind: 'saw' } }, 'config.schedule.kind'],
    [{ schedule: { warmUp: 3 } }, 'config.schedule.warmUp'],
    [{ optimizer: { kind: 'adam' } }, 'config.optimizer.kind'],
    [{ optimizer: { kind: 'sgd', beta1: 0.9 } }, 'config.optimizer.beta1'],
    [{ optimizer: { kind: 'adamw', momentum: 0.9 } }, 'config.optimizer.momentum'],
    [{ optimizer: { kind: 'muon', momentum: 1 } }, 'config.optimizer.momentum'],
    [{ optimizer: { kind: 'muon', nesterov: true } }, 'config.optimizer.nesterov'],
    [{ model: { hiden_size: 3 } }, 'config.model.hiden_size'],
    [{ model: { vocab_size: 3 } }, 'config.model.vocab_size'],
    [{ validation: { share: 1 } }, 'config.validation.share'],
    [{ validation: { iterations: [] } }, 'config.validation.iterations'],
    [{ checkpoints: { keep: 0 } }, 'config.checkpoints.keep'],
    [[], 'config'],
    [null, 'config'],
  ])('refuses %j', (bad, where) => {
    expect(() => parseRunRequest(bad)).toThrow(ConfigError);
    expect(() => parseRunRequest(bad)).toThrow(`${where}: expected`);
  });

  test.each([
    [{ clip: 0 }, 'a number above 0, got 0'],
    [{ validation: { share: 0 } }, 'a number above 0, at most 0.999, got 0'],
    [{ learningRate: -1 }, 'a number of at least 0, got -1'],
    [{ outliers: { factor: 0.5 } }, 'a number of at least 1, got 0.5'],
    [{ schedule: { final: 2 } }, 'a number from 0 to 1, got 2'],
  ])('says what numbers go in place of %j', (bad, message) => {
    expect(() => parseRunRequest(bad)).toThrow(message);
  });
});

test('a run goes on with its own settings only, but for its length and what it tells', () => {
  const { config } = plan();
  const resume = (request: RunRequest, before: RunRequest = {}): void =>
    checkSameRun(config, plan({ ...before, ...request }).config, request);
  resume({ steps: 7, recompute: 0.5, checkpoints: { every: 2 }, samples: { every: 1 } });
  expect(() => resume({ batch: 3 })).toThrow('resume: batch');
  expect(() => resume({ depth: 6 })).toThrow("resume: model.hidden_size: expected the run's 128, got 192");
  expect(() => resume({ iterations: 2 })).toThrow("resume: model.stages.0.iterations: expected the run's 3, got 2");
  // the advice after a step that diverged; not what another default would be
  resume({ learningRate: 1e-5, clip: 0.1, outliers: { factor: 2, after: 5 } });
  expect(() => resume({}, { learningRate: 1e-5 })).toThrow('resume: learningRate');
});
