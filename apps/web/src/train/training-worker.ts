/** A Web Worker that trains one model. */
import { prepareTextRun, type TextRun } from '@yoco-u/train';
import { builtInAttention, createBackend, samplePrompts } from '@yoco-u/yoco-u';
import type { FromTraining, ToTraining, TrainingSettings } from './protocol.ts';

const post = (message: FromTraining): void => postMessage(message);
const stopping = new AbortController();
let paused = false;
let filesWanted = false;
/** Tells a run that stands still. */
let wake = (): void => {};

addEventListener('message', ({ data }: MessageEvent<ToTraining>) => {
  if (data.kind === 'start') void start(data.settings);
  else if (data.kind === 'files') filesWanted = true;
  else {
    paused = data.kind === 'pause';
    if (data.kind === 'stop') stopping.abort();
  }
  wake();
});

async function start(settings: TrainingSettings): Promise<void> {
  try {
    await train(settings);
    post({ kind: 'ended' });
  } catch (error) {
    // a run that is stopped before its first step has nothing to show
    if (stopping.signal.aborted) post({ kind: 'ended' });
    else post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

async function train({ text, request, backend: name }: TrainingSettings): Promise<void> {
  const { signal } = stopping;
  await using backend = await createBackend({ backend: name });
  post({ kind: 'device', description: backend.description });
  using run = await prepareTextRun({
    text,
    request,
    backend,
    registry: builtInAttention,
    sample: (context) => samplePrompts(backend, context, signal),
    onProgress: (done, total) => post({ kind: 'learning', done, total }),
    signal,
  });
  const { model: _model, ...plan } = run.plan;
  post({ kind: 'event', event: plan });
  for await (const event of run.train({ signal })) {
    if (event.type !== 'save') post({ kind: 'event', event });
    await stand(run);
  }
  post({ kind: 'files', files: await run.modelFiles() });
}

/** Answers what came in meanwhile, and returns when the run may go on. */
async function stand(run: TextRun): Promise<void> {
  while (paused || filesWanted) {
    if (filesWanted) {
      filesWanted = false;
      post({ kind: 'files', files: await run.modelFiles() });
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
