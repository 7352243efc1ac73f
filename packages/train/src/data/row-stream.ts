/** Training rows: spec section 7. */

import { ConfigError } from '@yoco-u/spec';
import { DataError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { createEpochOrder, type EpochOrder } from './epoch-order.ts';
import { createRandom, randomOrder } from './random.ts';

export interface RowStreamOptions {
  /** Predicted tokens of a row: `S`. Rows hold one id more. */
  readonly sequenceLength: number;
  /** Order of documents and rows; a safe integer. */
  readonly seed: number;
  /** Put before every document. None by default. */
  readonly bosTokenId?: number | undefined;
  /** Put after every document, unless it is the id before it. None by default. */
  readonly eosTokenId?: number | undefined;
}

/** Plain JSON. */
export interface RowStreamState {
  readonly version: 2;
  /** Rows given out so far, over all epochs. */
  readonly position: number;
  readonly seed: number;
  /** Tells data, surrounding ids and lengths of rows apart. */
  readonly fingerprint: string;
}

/**
 * Documents in a seeded order, concatenated and cut into rows, and these in a seeded order again: rows of a batch that follow
 * each other in one book teach little more than one of them. Every epoch has orders of its own, and leaves out less than a row at
 * its end. Memory: 12 bytes a document and 4 a row.
 */
export interface RowStream {
  readonly sequenceLength: number;
  /** Ids of one epoch, those around the documents included. */
  readonly tokensPerEpoch: number;
  /** Whole rows of one epoch. */
  readonly rowsPerEpoch: number;
  /** Epochs begun before the next row, counted from 0. */
  readonly epoch: number;
  /** The next `count` rows `[count][S + 1]`: views, one after the other, of one new array. Throws `DataError` if they cannot be read. */
  next(count: number): Promise<Int32Array[]>;
  /** Which row comes next. Batches that were asked for count, arrived or not. */
  state(): RowStreamState;
  /** Goes on from a state of the same data, seed and length of rows. Throws `DataError` otherwise. */
  restore(state: RowStreamState): void;
}

/** Throws `ConfigError` for options out of range and `DataError` for data too short for one row. */
export function createRowStream(dataset: Dataset, options: RowStreamOptions): RowStream {
  const { sequenceLength, seed, bosTokenId, eosTokenId } = options;
  requireInteger('sequenceLength', sequenceLength, 1);
  requireInteger('seed', seed, Number.MIN_SAFE_INTEGER);
  if (bosTokenId !== undefined) requireInteger('bosTokenId', bosTokenId, 0);
  if (eosTokenId !== undefined) requireInteger('eosTokenId', eosTokenId, 0);
  const surrounding = { bos: bosTokenId, eos: eosTokenId === bosTokenId ? undefined : eosTokenId };
  const fingerprint = [dataset.fingerprint, surrounding.bos ?? '', surrounding.eos ?? '', sequenceLength].join('-');
  const added = (surrounding.bos === undefined ? 0 : 1) + (surrounding.eos === undefined ? 0 : 1);
  const tokensPerEpoch = dataset.tokens + dataset.count * added;
  const rowLength = sequenceLength + 1;
  if (tokensPerEpoch < rowLength) {
    throw new DataError({
      where: dataset.corpus.name,
      expected: `at least one row of ${rowLength} tokens`,
      got: `${tokensPerEpoch} tokens in ${dataset.count} document${dataset.count === 1 ? '' : 's'}`,
      fix: 'add text, or take shorter rows',
    });
  }
  const fill = createFill(dataset, surrounding, (epoch) => createEpochOrder(dataset, seed, epoch, added));
  const rowsPerEpoch = Math.floor(tokensPerEpoch / rowLength);
  const place = createRowOrder(rowsPerEpoch, seed);
  let position = 0;
  return {
    sequenceLength,
    tokensPerEpoch,
    rowsPerEpoch,
    get epoch() {
      return Math.floor(position / rowsPerEpoch);
    },
    async next(count) {
      requireInteger('count', count, 1);
      const start = position;
      const ids = new Int32Array(count * rowLength);
      const rows = Array.from({ length: count }, (_, row) => ids.subarray(row * rowLength, (row + 1) * rowLength));
      position += count;
      try {
        for (const [index, row] of rows.entries()) {
          await fill(Math.floor((start + index) / rowsPerEpoch), place(start + index) * rowLength, row);
        }
      } catch (error) {
        if (position === start + count) position = start;
        throw error;
      }
      return rows;
    },
    state: () => ({ version: 2, position, seed, fingerprint }),
    restore(state) {
      checkState(state, { seed, fingerprint }, dataset.corpus.name);
      position = state.position;
    },
  };
}

/** Apart from the streams that order documents (from 1 on) and draw iterations (below 0). */
const rowStreams = 2 ** 40;

/** Where the row at a position, counted over all epochs, lies in its epoch. */
function createRowOrder(rowsPerEpoch: number, seed: number): (position: number) => number {
  let known: { readonly epoch: number; readonly order: Uint32Array } | undefined;
  return (position) => {
    const epoch = Math.floor(position / rowsPerEpoch);
    if (known?.epoch !== epoch)
      known = { epoch, order: randomOrder(rowsPerEpoch, createRandom(seed, rowStreams + epoch)) };
    return known.order[position % rowsPerEpoch]!;
  };
}

interface Surrounding {
  readonly bos: number | undefined;
  readonly eos: number | undefined;
}

/** Fills an array from a position of an epoch on, which reaches that far. */
function createFill(dataset: Dataset, { bos, eos }: Surrounding, orderOf: (epoch: number) => EpochOrder) {
  let order = orderOf(0);
  return async (epoch: number, from: number, into: Int32Array): Promise<void> => {
    let filled = 0;
    while (filled < into.length) {
      if (order.epoch !== epoch) order = orderOf(epoch);
      const position = from + filled;
      const { part, start } = order.at(position);
      let within = position - start;
      if (bos !== undefined) {
        if (within === 0) {
          into[filled++] = bos;
          continue;
        }
        within--;
      }
      const length = dataset.ends[part] - dataset.starts[part];
      const count = Math.min(length - within, into.length - filled);
      if (count > 0) {
        await dataset.corpus.read(dataset.starts[part] + within, into.subarray(filled, filled + count));
        filled += count;
      } else if (eos !== undefined) {
        into[filled++] = eos;
      }
    }
  };
}

function checkState(
  state: RowStreamState,
  expected: Pick<RowStreamState, 'seed' | 'fingerprint'>,
  where: string,
): void {
  const fix = 'go on with the data and the seed of the run, or begin a new one';
  const fail = (what: string, wanted: string, got: string) => {
    throw new DataError({ where: `${where}: ${what} of the saved position`, expected: wanted, got, fix });
  };
  if (typeof state !== 'object' || state === null) fail('value', 'an object', String(state));
  if (state.version !== 2) fail('version', '2', String(state.version));
  if (state.fingerprint !== expected.fingerprint) {
    throw new DataError({
      where,
      expected: 'the text, tokenizer and length of rows of the saved position',
      got: `others (fingerprint ${expected.fingerprint}, saved ${state.fingerprint})`,
      fix,
    });
  }
  if (state.seed !== expected.seed) fail('seed', String(expected.seed), String(state.seed));
  if (!Number.isSafeInteger(state.position) || state.position < 0) {
    fail('position', 'an integer of at least 0', String(state.position));
  }
}

function requireInteger(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  const expected = least < 0 ? 'a safe integer' : `an integer of at least ${least}`;
  throw new ConfigError({ where: `rows: ${name}`, expected, got: String(value) });
}
