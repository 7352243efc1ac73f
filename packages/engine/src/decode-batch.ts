/** The next token of many sequences at once. */

import type { ModelConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { type Own, owning } from './owning.ts';
import { bestOf, createRowResults, mostAsked, type RowResult } from './row-results.ts';
import { createRunner, type Runner, type RunnerOptions, type Segment } from './runner.ts';
import type { SlotPages } from './slot-pages.ts';
import type { Decoding } from './task.ts';

export interface DecodeBatch extends Disposable {
  /** Feeds each sequence its next id and reads what it asks for, into `resultOf`. At most one a slot. */
  run(sequences: readonly Decoding[]): Promise<void>;
  /** Of the sequence at `index` in the last run; overwritten by the next. */
  resultOf(index: number): RowResult;
}

export interface DecodeBatchOptions extends Pick<RunnerOptions, 'memory' | 'parameters'> {
  readonly slots: number;
  /** Ids below it can be chosen. */
  readonly choices: number;
  readonly pages: SlotPages;
}

/**
 * Two programs: of one row, and of a row a slot. Rows beyond those of a run cost nothing, but a program for more rows
 * shares out among threads what is quicker on one. Takes nothing when it fails.
 */
export function createDecodeBatch(
  backend: Backend,
  config: ModelConfig,
  options: DecodeBatchOptions,
): Promise<DecodeBatch> {
  return owning((own) => makeDecodeBatch(backend, config, options, own));
}

async function makeDecodeBatch(
  backend: Backend,
  config: ModelConfig,
  { slots, choices, pages, ...base }: DecodeBatchOptions,
  own: Own,
): Promise<Omit<DecodeBatch, keyof Disposable>> {
  const runnerOf = (rows: number): Promise<Runner> =>
    createRunner(backend, config, {
      ...base,
      maxRows: rows,
      maxSegments: rows,
      outputs: 'all',
      head: 'logits',
      best: bestOf(choices),
    });
  const single = own(await runnerOf(1));
  const many = slots > 1 ? own(await runnerOf(slots)) : single;
  const results = createRowResults(config, choices, slots);
  const all = Array.from({ length: slots }, () => ({ tokens: new Int32Array(1), start: 0, slot: 0 }));
  const segments: Segment[] = [];
  return {
    async run(sequences) {
      segments.length = sequences.length;
      for (let index = 0; index < sequences.length; index++) {
        const { id, position, slot } = sequences[index]!;
        const segment = all[index]!;
        pages.map(slot, position + 1);
        segment.tokens[0] = id;
        segment.start = position;
        segment.slot = slot;
        segments[index] = segment;
      }
      const runner = sequences.length === 1 ? single : many;
      runner.run(segments, [], { best: mostAsked(sequences) });
      await results.read(runner, sequences);
    },
    resultOf: results.of,
  };
}
