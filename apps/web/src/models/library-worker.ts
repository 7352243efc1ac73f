/** A Web Worker that takes models in and keeps them: only workers write to the origin-private file system in place. */
import { openModelStore } from '@yoco-u/checkpoint';
import type { Answers, FromLibrary, Request, ToLibrary } from './protocol.ts';
import { takeModel } from './take-model.ts';

const post = (message: FromLibrary): void => postMessage(message);
const opened = openModelStore();
const underWay = new Map<number, AbortController>();

addEventListener('message', ({ data }: MessageEvent<ToLibrary>) => {
  if (data.kind === 'cancel') underWay.get(data.call)?.abort();
  else void serve(data.call, data);
});

async function serve(call: number, request: Request): Promise<void> {
  const controller = new AbortController();
  underWay.set(call, controller);
  try {
    post({ call, kind: 'result', value: await answer(call, request, controller.signal) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    post({ call, kind: 'error', message, cancelled: controller.signal.aborted });
  }
  underWay.delete(call);
}

async function answer(call: number, request: Request, signal: AbortSignal): Promise<Answers[keyof Answers]> {
  const store = await opened;
  if (request.kind === 'list') return (await store?.list()) ?? [];
  if (request.kind === 'remove') {
    await store?.remove(request.id);
    return undefined;
  }
  return takeModel(request.source, {
    keep: request.keep,
    store,
    signal,
    onProgress: (done, total) => post({ call, kind: 'progress', done, total }),
  });
}
