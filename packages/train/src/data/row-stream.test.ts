import { ConfigError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createTokenizer, idsOf, loadChapters, memoryCorpusOf } from './__fixtures__/text.ts';
import { createByteCounter } from './byte-counter.ts';
import { DataError } from './data-error.ts';
import { documentsOf } from './dataset.ts';
import { createRowStream, type RowStreamState } from './row-stream.ts';

const { tokenizer, bos, eos } = createTokenizer();
const chapters = loadChapters()
  .slice(0, 7)
  .map((text, index) => text.slice(0, 301 + 97 * index));
const corpus = await memoryCorpusOf(chapters);
const dataset = documentsOf(corpus);
const options = { sequenceLength: 37, seed: 5, bosTokenId: bos, eosTokenId: eos };

/** Ids of whole epochs, as one list: rows that are as long as an epoch have no order but their own. */
async function epochIds(epochs: number, given: Partial<typeof options> & { seed?: number } = {}): Promise<number[]> {
  const { tokensPerEpoch } = createRowStream(dataset, options);
  const stream = createRowStream(dataset, { ...options, ...given, sequenceLength: tokensPerEpoch - 1 });
  const ids: number[] = [];
  for (const row of await stream.next(epochs)) ids.push(...row);
  return ids;
}

/** Documents between one BOS and the next. */
function cutAtBos(ids: readonly number[]): string[] {
  return ids
    .join(' ')
    .split(`${bos} `)
    .slice(1)
    .map((text) => text.trim());
}

describe('createRowStream', () => {
  test('an epoch is BOS, document and EOS for every document, once each', async () => {
    const wanted = await Promise.all(
      Array.from(dataset.starts, async (start, part) =>
        [...(await idsOf(corpus, start, dataset.ends[part])), eos].join(' '),
      ),
    );
    const ids = await epochIds(2);
    const half = ids.length / 2;
    const [first, second] = [cutAtBos(ids.slice(0, half)), cutAtBos(ids.slice(half))];
    expect(first.toSorted()).toEqual(wanted.toSorted());
    expect(second.toSorted()).toEqual(wanted.toSorted());
    expect(first).not.toEqual(wanted);
    expect(second).not.toEqual(first);
  });

  test('EOS is left out where it is BOS, and both where there are none', async () => {
    const stream = (given: { bosTokenId?: number | undefined; eosTokenId?: number | undefined }) =>
      createRowStream(dataset, { sequenceLength: 37, seed: 5, ...given }).tokensPerEpoch;
    expect(stream({ bosTokenId: bos, eosTokenId: bos })).toBe(corpus.tokens + 7);
    expect(stream({ bosTokenId: bos })).toBe(corpus.tokens + 7);
    expect(stream({ eosTokenId: eos })).toBe(corpus.tokens + 7);
    expect(stream({})).toBe(corpus.tokens);
    expect(stream({ bosTokenId: bos, eosTokenId: eos })).toBe(corpus.tokens + 14);
  });

  test('rows are S + 1 ids, cut one after the other, in batches of any size', async () => {
    const one = createRowStream(dataset, options);
    const many = createRowStream(dataset, options);
    const rows = await many.next(23);
    expect(rows.every((row) => row.length === 38)).toBe(true);
    for (const row of rows) expect((await one.next(1))[0]).toEqual(row);
    expect(one.state()).toEqual(many.state());
  });

  test('an epoch has every row of its documents once, in a seeded order that changes from epoch to epoch', async () => {
    const ids = await epochIds(2);
    const stream = createRowStream(dataset, options);
    const { rowsPerEpoch, tokensPerEpoch } = stream;
    const orders: number[][] = [];
    for (const epoch of [0, 1]) {
      const cut = Array.from({ length: rowsPerEpoch }, (_, row) => {
        const first = epoch * tokensPerEpoch + row * 38;
        return ids.slice(first, first + 38).join();
      });
      const order = (await stream.next(rowsPerEpoch)).map((row) => cut.indexOf([...row].join()));
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from(cut.keys()));
      const neighbours = order.filter((row, index) => row === order[index - 1]! + 1);
      expect(neighbours.length).toBeLessThan(rowsPerEpoch / 4);
      orders.push(order);
    }
    expect(orders[1]).not.toEqual(orders[0]);
  });

  test('goes on from every position, over the end of epochs, as if it had never stopped', async () => {
    const whole = createRowStream(dataset, options);
    const rows = whole.rowsPerEpoch * 2 + 5;
    const states: RowStreamState[] = [];
    const expected: Int32Array[] = [];
    for (let row = 0; row < rows; row++) {
      states.push(JSON.parse(JSON.stringify(whole.state())));
      expected.push(...(await whole.next(1)));
    }
    expect(whole.epoch).toBe(2);
    const resumed = createRowStream(dataset, options);
    for (const [row, state] of [...states.entries()].reverse()) {
      resumed.restore(state);
      expect((await resumed.next(1))[0]).toEqual(expected[row]);
    }
  });

  test('another seed gives another order', async () => {
    expect(await epochIds(1, { seed: 6 })).not.toEqual(await epochIds(1));
    expect(await epochIds(1)).toEqual(await epochIds(1));
  });

  test('a row may be longer than every document, and as long as an epoch', async () => {
    const { tokensPerEpoch } = createRowStream(dataset, options);
    const stream = createRowStream(dataset, { ...options, sequenceLength: tokensPerEpoch - 1 });
    expect(stream.rowsPerEpoch).toBe(1);
    const [row] = await stream.next(1);
    expect([...row]).toEqual(await epochIds(1));
    expect(() => createRowStream(dataset, { ...options, sequenceLength: tokensPerEpoch })).toThrow(DataError);
  });

  test('batches asked for at once are the ones asked for in turn', async () => {
    const inTurn = createRowStream(dataset, options);
    const atOnce = createRowStream(dataset, options);
    const batches = await Promise.all([atOnce.next(2), atOnce.next(60), atOnce.next(3), atOnce.next(60)]);
    for (const batch of batches) expect(await inTurn.next(batch.length)).toEqual(batch);
  });

  test('refuses a position of other data, another seed or no sense', async () => {
    const state = createRowStream(dataset, options).state();
    const other = createRowStream(
      documentsOf(corpus, (document) => document !== 3),
      options,
    );
    expect(() => other.restore(state)).toThrow('fingerprint');
    expect(() => createRowStream(dataset, { ...options, seed: 6 }).restore(state)).toThrow('seed');
    expect(() => createRowStream(dataset, { ...options, bosTokenId: eos }).restore(state)).toThrow(DataError);
    expect(() => createRowStream(dataset, { ...options, sequenceLength: 36 }).restore(state)).toThrow(DataError);
    expect(() => createRowStream(dataset, options).restore({ ...state, version: 1 as 2 })).toThrow('version');
    const stream = createRowStream(dataset, options);
    for (const position of [-1, 0.5, Number.NaN])
      expect(() => stream.restore({ ...state, position })).toThrow(DataError);
    expect(() => stream.restore(JSON.parse('null'))).toThrow(DataError);
  });

  test.each([{ sequenceLength: 0 }, { sequenceLength: 1.5 }, { seed: Number.NaN }, { bosTokenId: -1 }])(
    'refuses %o',
    (given) => {
      expect(() => createRowStream(dataset, { ...options, ...given })).toThrow(ConfigError);
    },
  );

  test('bytes of the rows of an epoch are the bytes of its text', async () => {
    expect(createByteCounter(tokenizer)(await epochIds(1))).toBe(corpus.bytes);
    expect(corpus.bytes).toBe(new TextEncoder().encode(chapters.join('')).length);
    expect(createByteCounter(tokenizer)([bos, eos, 10_000])).toBe(0);
  });
});
