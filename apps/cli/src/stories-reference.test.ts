import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scoreText } from '@yoco-u/engine';
import { type LoadedModel, loadModelFolder } from '@yoco-u/yoco-u/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Expected {
  readonly name: string;
  readonly text: string;
  readonly ids: readonly number[] | null;
  readonly greedy?: readonly number[];
  readonly loss?: number;
  readonly tokens?: number;
  readonly bytes?: number;
  readonly bitsPerByte?: number;
  readonly lossByIterations?: Readonly<Record<string, number>>;
}

const folder = join(import.meta.dirname, '../../../fixtures/models/stories-reference');

/** What an independent implementation computes with the model. */
const expected: readonly Expected[] = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
const [score, ...continuations] = expected as [Expected, ...Expected[]];

let loaded: LoadedModel;
beforeAll(async () => {
  loaded = await loadModelFolder(folder);
});
afterAll(() => loaded[Symbol.asyncDispose]());

describe('a model trained by an independent implementation', () => {
  test.each(continuations)('continues $text greedily as recorded', async ({ text, ids, greedy }) => {
    const { model } = loaded;
    expect(model.tokenizer.encode(text)).toEqual(ids);
    const tokens: number[] = [];
    let shown = '';
    const request = { prompt: text, maxTokens: greedy!.length, sampling: { temperature: 0 }, ignoreEos: true };
    for await (const part of model.generate(request)) {
      if (part.type === 'token') tokens.push(part.id);
      if (part.type === 'text') shown += part.text;
    }
    expect(tokens).toEqual(greedy);
    expect(shown).toBe(model.tokenizer.decode(tokens));
  });

  test.each(Object.entries(score.lossByIterations!))(
    'scores the recorded loss at %s iterations',
    async (count, loss) => {
      const result = await scoreText(loaded.model, score.text, { iterations: Number(count) });
      expect(Math.abs(result.loss - loss)).toBeLessThan(1e-4);
      expect(result).toMatchObject({ tokens: score.tokens, bytes: score.bytes, documents: 1 });
      if (Number(count) === 3) expect(result.bitsPerByte).toBeCloseTo(score.bitsPerByte!, 4);
    },
  );
});
