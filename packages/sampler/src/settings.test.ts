import { RequestError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { checkSettings, defaultProcessors } from './settings.ts';

describe('defaultProcessors', () => {
  test('orders bias, penalties, top-k, top-p, min-p, temperature', () => {
    const penalties = { repetitionPenalty: 1.1, repetitionLastN: 64, frequencyPenalty: 0.2, logitBias: { 3: 1 } };
    const all = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, ...penalties };
    expect(defaultProcessors(all).map(({ name }) => name)).toEqual([
      'logit_bias',
      'repetition_penalty',
      'occurrence_penalty',
      'top_k',
      'top_p',
      'min_p',
      'temperature',
    ]);
  });

  test('leaves out what has no effect', () => {
    expect(defaultProcessors({})).toEqual([]);
    const neutral = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, repetitionLastN: 0 };
    const unbiased = { frequencyPenalty: 0, presencePenalty: 0, logitBias: {} };
    expect(defaultProcessors({ ...neutral, ...unbiased })).toEqual([]);
  });
});

describe('checkSettings', () => {
  test.each([
    ['an id that is none', { x: 1 }],
    ['half an id', { 0.5: 1 }],
    ['a negative id', { [-1]: 1 }],
    ['no number', { 1: '2' }],
    ['NaN', { 1: Number.NaN }],
    ['null', null],
  ])('refuses a bias with %s', (_, logitBias) => {
    const check = () => checkSettings({ logitBias } as object);
    expect(check).toThrow(RequestError);
    expect(check).toThrow('logitBias');
  });

  test.each(['frequencyPenalty', 'presencePenalty'])('refuses %s that is not finite', (field) => {
    expect(() => checkSettings({ [field]: Number.NaN })).toThrow(`sampling settings: ${field}`);
    expect(() => checkSettings({ [field]: -2 })).not.toThrow();
  });

  const bad: readonly unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, -1, '1', null, true];
  const fields = ['temperature', 'topK', 'topP', 'minP', 'repetitionPenalty', 'repetitionLastN', 'seed'];
  test.each(fields.flatMap((field) => bad.map((value) => [field, value] as const)))(
    'refuses %s = %s',
    (field, value) => {
      const check = () => checkSettings({ [field]: value });
      expect(check).toThrow(RequestError);
      expect(check).toThrow(`sampling settings: ${field}: expected `);
    },
  );

  test.each([
    ['topK', 1.5],
    ['repetitionLastN', 0.1],
    ['seed', 2 ** 53],
    ['topP', 1.0001],
    ['minP', 2],
    ['repetitionPenalty', 0],
  ])('refuses %s = %s', (field, value) => {
    expect(() => checkSettings({ [field]: value })).toThrow(RequestError);
  });

  test('says field, range, value and fix', () => {
    expect(() => checkSettings({ topP: 2 })).toThrow(
      'sampling settings: topP: expected a finite number of at least 0 and at most 1, got 2; use 1 to keep all tokens',
    );
  });

  test('refuses a misspelt setting instead of ignoring it', () => {
    const settings = { top_p: 0.9 };
    expect(() => checkSettings(settings as object)).toThrow('got "top_p"');
  });

  test('accepts undefined as left out', () => {
    const settings: Record<string, number | undefined> = { topK: undefined, seed: 3 };
    expect(() => checkSettings(settings as object)).not.toThrow();
  });
});
