import type { LanguageModel } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { scoreText } from './score-text.ts';

/** A model of letters whose loss is the number of ids before the scored one, so that windows show. */
function countingModel(bosTokenId: number | undefined, scored: number[][] = [], contextLength = 10): LanguageModel {
  return {
    bosTokenId,
    contextLength,
    tokenizer: { encode: (text: string) => Array.from(text, (letter) => letter.charCodeAt(0)) },
    async score(ids: ArrayLike<number>, from: number) {
      scored.push(Array.from(ids));
      return Float32Array.from({ length: ids.length - from }, (_, index) => from + index);
    },
  } as Partial<LanguageModel> as LanguageModel;
}

test('windows are conditioned on BOS and on what stands before in their own window', async () => {
  const scored: number[][] = [];
  const result = await scoreText(countingModel(0, scored), 'abcdefg', { window: 3 });
  expect(scored.map((ids) => String.fromCharCode(...ids.slice(1)))).toEqual(['abc', 'def', 'g']);
  expect(scored.every(([first]) => first === 0)).toBe(true);
  expect(result).toMatchObject({ tokens: 7, bytes: 7, window: 3, documents: 1, loss: (6 + 6 + 1) / 7 });
});

test('without a BOS the first id of a window goes unscored and its bytes still count', async () => {
  const result = await scoreText(countingModel(undefined), 'abcdefg', { window: 3 });
  expect(result).toMatchObject({ tokens: 4, bytes: 7, loss: (1 + 2 + 1 + 2) / 4 });
  expect(result.bitsPerByte).toBeCloseTo(6 / Math.LN2 / 7, 12);
});

test('the default window is the context less one', async () => {
  expect(await scoreText(countingModel(0), 'a')).toMatchObject({ window: 9 });
});

test('documents are scored alone, separators uncounted, also two in a row', async () => {
  const scored: number[][] = [];
  const text = '<|endoftext|>\none\n<|endoftext|>\n<|endoftext|>\ntwo\nx\n<|endoftext|>';
  const result = await scoreText(countingModel(0, scored), text, { documents: true });
  expect(scored.map((ids) => String.fromCharCode(...ids.slice(1)))).toEqual(['one', 'two\nx']);
  expect(result).toMatchObject({ documents: 2, bytes: 8, tokens: 8 });
});

test('documents keep the line breaks inside them, and those that no separator takes', async () => {
  const scored: number[][] = [];
  const text = 'a <|endoftext|>\r\n\r\n<|endoftext|>\r\nb\r\nc\n';
  const result = await scoreText(countingModel(0, scored, 99), text, { documents: true });
  expect(result).toMatchObject({ documents: 2, bytes: text.length - '\r\n<|endoftext|>\r\n'.length });
  expect(scored.map((ids) => String.fromCharCode(...ids.slice(1)))).toEqual(['a <|endoftext|>\r\n', 'b\r\nc\n']);
});

test.each([0, 11, 1.5])('refuses a window of %s', async (window) => {
  await expect(scoreText(countingModel(0), 'abc', { window })).rejects.toThrow('from 1 to 10');
});

test('refuses a text with nothing to score', async () => {
  await expect(scoreText(countingModel(0), '')).rejects.toThrow('at least one token');
});
