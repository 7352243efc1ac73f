/** Feeding a prompt. */
import type { Backend, GenerateRequest } from '@yoco-u/spec';
import { createChunkSizer } from './chunk-size.ts';
import type { Runner } from './runner.ts';
import { nextTurn } from './turns.ts';

export interface PrefillJob {
  readonly backend: Backend;
  readonly runner: Runner;
  readonly ids: readonly number[];
  readonly slot: number;
  readonly request: GenerateRequest;
  /** [V]: filled with those of the last row. */
  readonly logits: Float32Array;
}

/** Feeds the prompt in chunks; the last chunk's last row is the one wanted. False when aborted on the way. */
export async function prefill(
  { backend, runner, ids, slot, request, logits }: PrefillJob,
  onFed: (tokens: number) => void,
): Promise<boolean> {
  const sizer = createChunkSizer(runner.maxRows);
  for (let start = 0; start < ids.length; ) {
    if (request.signal?.aborted) return false;
    const rows = Math.min(sizer.next(), ids.length - start);
    const began = performance.now();
    const isLast = start + rows === ids.length;
    runner.run([{ tokens: ids.slice(start, start + rows), start, slot }], isLast ? [rows - 1] : []);
    // at once: another sequence's prefill writes the same output
    await (isLast ? runner.read(logits) : backend.settled());
    sizer.record(rows, performance.now() - began);
    start += rows;
    onFed(start);
    request.onPrefill?.(start, ids.length);
    if (!isLast) await nextTurn();
  }
  return true;
}
