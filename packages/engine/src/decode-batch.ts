/** The next token of many sequences at once. */

import type { ModelConfig } from '@yoco-u/model';
import type { Backend } from '@yoco-u/spec';
import { createRunner, type Runner, type RunnerOptions, type Segment } from './runner.ts';
import type { SlotPages } from './slot-pages.ts';
import type { Decoding } from './task.ts';

export interface DecodeBatch extends Disposable {
  /** Feeds each sequence its next id and reads the logits, into `logitsOf`. At most one a slot. */
  run(sequences: readonly Decoding[]): Promise<void>;
  /** [V] of the sequence at `index` in the last run; overwritten by the next. */
  logitsOf(index: number): Float32Array;
}

/**
 * Two programs: of one row, and of a row a slot. Rows beyond those of a run cost nothing, but a program for more rows
 * shares out among threads what is quicker on one.
 */
export async function createDecodeBatch(
  backend: Backend,
  config: ModelConfig,
  slots: number,
  base: Pick<RunnerOptions, 'memory' | 'parameters'>,
  pages: SlotPages,
): Promise<DecodeBatch> {
  const runnerOf = (rows: number): Promise<Runner> =>
    createRunner(backend, config, { ...base, maxRows: rows, maxSegments: rows, outputs: rows, head: 'logits' });
  const single = await runnerOf(1);
  const many = slots > 1 ? await runnerOf(slots) : single;
  const width = config.vocabularySize;
  const logits = new Float32Array(slots * width);
  // views and lists for every number of sequences, so that a step makes no garbage
  const rows = Array.from({ length: slots }, (_, row) => logits.subarray(row * width, (row + 1) * width));
  const upTo = Array.from({ length: slots + 1 }, (_, count) => logits.subarray(0, count * width));
  const wanted = Array.from({ length: slots + 1 }, (_, count) => Int32Array.from({ length: count }, (_, row) => row));
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
      runner.run(segments, wanted[sequences.length]!);
      await runner.read(upTo[sequences.length]!);
    },
    logitsOf: (index) => rows[index]!,
    [Symbol.dispose]() {
      single[Symbol.dispose]();
      if (many !== single) many[Symbol.dispose]();
    },
  };
}
