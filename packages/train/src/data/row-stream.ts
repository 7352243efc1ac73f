/** Training rows: spec section 7. */

import { ConfigError } from '@yoco-u/spec';
import { DataError } from './data-error.ts';
import type { Dataset } from './dataset.ts';
import { createEpochOrder, type EpochOrder } from './epoch-order.ts';

export interface RowStreamOptions {
  /** Predicted tokens of a row: `S`. Rows hold one id more. */
  readonly sequenceLength: number;
  /** Order of the documents; a safe integer. */
  readonly seed: number;
  /** Put before every document. None by default. */
  readonly bosTokenId?: number | undefined;
  /** Put after every document, unless it is the id before it. None by default. */
  readonly eosTokenId?: number | undefined;
}

/** Plain JSON. */
export interface RowStreamState {
  readonly version: 1;
  /** Ids given out so far, over all epochs. */
  readonly position: number;
  readonly seed: number;
  /** Tells data and surrounding ids apart. */
  readonly fingerprint: string;
}

/**
 * Documents in a seeded order, concatenated and cut into rows; the next epoch, in another order, follows without a gap.
 * Memory: 12 bytes a document.
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
  /** Where the next row begins. Batches that were asked for count, arrived or not. */
  state(): RowStreamState;
  /** Goes on from a state of the same data and seed; the length of rows may differ. Throws `DataError` otherwise. */
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
  const fingerprint = `${dataset.fingerprint}-${surrounding.bos ?? ''}-${surrounding.eos ?? ''}`;
  const added = (surrounding.bos === undefined ? 0 : 1) + (surrounding.eos === undefined ? 0 : 1);
  const tokensPerEpoch = dataset.tokens + dataset.count * added;
  const rowLength = sequenceLength + 1;
  if (tokensPerEpoch < rowLength) {
    throw new DataError({
      where: dataset.corpus.name,
      expected: `at least one row of ${rowLength} tokens`,
      got: `${tokensPerEpoch} tokens in ${dataset.count} documents`,
      fix: 'add text, or take shorter rows',
    });
  }
  const fill = createFill(
    dataset,
    surrounding,
    (epoch) => createEpochOrder(dataset, seed, epoch, added),
    tokensPerEpoch,
  );
  let position = 0;
  return {
    sequenceLength,
    tokensPerEpoch,
    rowsPerEpoch: Math.floor(tokensPerEpoch / rowLength),
    get epoch() {
      return Math.floor(position / tokensPerEpoch);
    },
    async next(count) {
      requireInteger('count', count, 1);
      const start = position;
      const ids = new Int32Array(count * rowLength);
      position += ids.length;
      try {
        await fill(start, ids);
      } catch (error) {
        if (position === start + ids.length) position = start;
        throw error;
      }
      return Array.from({ length: count }, (_, row) => ids.subarray(row * rowLength, (row + 1) * rowLength));
    },
    state: () => ({ version: 1, position, seed, fingerprint }),
    restore(state) {
      checkState(state, { seed, fingerprint }, dataset.corpus.name);
      position = state.position;
    },
  };
}

interface Surrounding {
  readonly bos: number | undefined;
  readonly eos: number | undefined;
}

/** Fills an array from any position of the endless stream of epochs. */
function createFill(
  dataset: Dataset,
  { bos, eos }: Surrounding,
  orderOf: (epoch: number) => EpochOrder,
  tokensPerEpoch: number,
) {
  let order = orderOf(0);
  return async (from: number, into: Int32Array): Promise<void> => {
    let filled = 0;
    while (filled < into.length) {
      const epoch = Math.floor((from + filled) / tokensPerEpoch);
      if (order.epoch !== epoch) order = orderOf(epoch);
      const position = from + filled - epoch * tokensPerEpoch;
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
  const fail = (what: string, wanted: string, got: string) => {
    const fix = 'go on with the data and the seed of the run, or begin a new one';
    throw new DataError({ where: `${where}: ${what} of the saved position`, expected: wanted, got, fix });
  };
  if (typeof state !== 'object' || state === null) fail('value', 'an object', String(state));
  if (state.version !== 1) fail('version', '1', String(state.version));
  if (state.fingerprint !== expected.fingerprint) fail('fingerprint', expected.fingerprint, String(state.fingerprint));
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
