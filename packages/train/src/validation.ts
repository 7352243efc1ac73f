/** Loss on text that is not trained on. */
import { batchOf } from './batch.ts';
import type { Dataset } from './data/dataset.ts';
import { createRowStream, type RowStreamOptions } from './data/row-stream.ts';
import type { ValidationEvent, ValidationResult } from './events.ts';
import type { Trainer } from './trainer.ts';

/** The same rows at every validation. */
export interface ValidationSet {
  /** Rows of S + 1 ids. */
  readonly rows: readonly Int32Array[];
  /** UTF-8 bytes of all targets. */
  readonly bytes: number;
  /** Iteration counts to validate at. */
  readonly iterations: readonly number[];
}

/** Undefined if it was aborted. */
export async function validate(
  trainer: Trainer,
  { rows, bytes, iterations }: ValidationSet,
  step: number,
  signal?: AbortSignal,
): Promise<ValidationEvent | undefined> {
  const began = performance.now();
  const { sequences } = trainer.shape;
  const results: ValidationResult[] = [];
  for (const count of iterations) {
    let sum = 0;
    let tokens = 0;
    for (let start = 0; start < rows.length; start += sequences) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (signal?.aborted === true) return undefined;
      const losses = await trainer.evaluate(batchOf(rows.slice(start, start + sequences)), count);
      for (const loss of losses) sum += loss;
      tokens += losses.length;
    }
    results.push({ iterations: count, loss: sum / tokens, bitsPerByte: sum / Math.LN2 / bytes });
  }
  return { type: 'validation', step, results, seconds: (performance.now() - began) / 1000 };
}

/** The first rows of a validation set in a fixed order, at most one epoch of them. Throws `DataError` if there is none. */
export async function createValidationSet(
  dataset: Dataset,
  rows: Omit<RowStreamOptions, 'seed'>,
  settings: { readonly rows: number; readonly iterations: readonly number[] },
  bytesOf: (ids: Iterable<number>) => number,
): Promise<ValidationSet> {
  const stream = createRowStream(dataset, { ...rows, seed: 0 });
  const chosen = await stream.next(Math.max(1, Math.min(settings.rows, stream.rowsPerEpoch)));
  const bytes = chosen.reduce((sum, row) => sum + bytesOf(row.subarray(1)), 0);
  return { rows: chosen, bytes, iterations: settings.iterations };
}
