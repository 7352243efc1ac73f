/** One generation as the outside reads it. */
import type { GeneratePart, GenerateRequest } from '@yoco-u/spec';
import type { Calls } from './calls.ts';
import { partsAhead } from './protocol.ts';

/**
 * Opens the call with the first read. The worker runs ahead of the reader by `partsAhead` parts at most. Once aborted, no
 * token is shown that the reader had not got by then, and the count of the finish part says so. A reader that leaves waits
 * until its place is free.
 */
export async function* generateThrough(calls: Calls, request: GenerateRequest): AsyncGenerator<GeneratePart> {
  const { signal, onPrefill, prompt, ...rest } = request;
  const queue: GeneratePart[] = [];
  let end: 'result' | { readonly error: unknown } | undefined;
  let wake = (): void => {};
  const call = calls.open(
    {
      kind: 'generate',
      request: { ...rest, prompt: typeof prompt === 'string' ? prompt : Array.from(prompt) },
      progress: onPrefill !== undefined,
    },
    {
      ...(onPrefill === undefined ? {} : { onProgress: onPrefill }),
      onPart(part) {
        queue.push(part);
        wake();
      },
    },
  );
  const ended = call.result.then(
    () => {
      end = 'result';
      wake();
    },
    (error: unknown) => {
      end = { error };
      wake();
    },
  );
  signal?.addEventListener('abort', call.abort, { once: true });
  if (signal?.aborted) call.abort();

  let tokens = 0;
  let taken = 0;
  let skipping = false;
  const shown = (part: GeneratePart): GeneratePart | undefined => {
    skipping ||= part.type === 'token' && signal?.aborted === true;
    if (!skipping) {
      if (part.type === 'token') tokens++;
      return part;
    }
    if (part.type !== 'finish') return undefined;
    return { ...part, reason: 'abort', usage: { ...part.usage, completionTokens: tokens } };
  };

  try {
    for (;;) {
      const part = queue.shift();
      if (part === undefined) {
        if (end === 'result') return;
        if (end !== undefined) throw end.error;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (++taken === partsAhead / 2) {
        call.taken(taken);
        taken = 0;
      }
      const next = shown(part);
      if (next !== undefined) yield next;
    }
  } finally {
    signal?.removeEventListener('abort', call.abort);
    call.leave();
    await ended;
  }
}
