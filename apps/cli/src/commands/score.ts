/** `score`: how well a model predicts a text. */
import { scoreText } from '@yoco-u/engine';
import { interruptSignal } from '../interrupt.ts';
import { openModel } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { readText } from '../read-text.ts';

export interface ScoreOptions extends ModelOptions {
  readonly textFile: string;
  readonly window?: number;
  readonly documents?: boolean;
}

export async function score(folder: string | undefined, options: ScoreOptions): Promise<void> {
  const signal = interruptSignal();
  const text = await readText(options.textFile);
  await using opened = await openModel(folder, options, signal);
  const progress = createProgress('scoring', 'tokens');
  const result = await scoreText(opened.model, text, {
    signal,
    onProgress: progress.update,
    documents: options.documents === true,
    ...(options.window === undefined ? {} : { window: options.window }),
  });
  progress.end();
  if (options.json === true) {
    console.log(JSON.stringify(result));
    return;
  }
  const documents = options.documents === true ? `, ${result.documents} documents` : '';
  console.log(
    [
      `loss            ${result.loss.toFixed(4)} nats a token`,
      `perplexity      ${result.perplexity.toFixed(2)}`,
      `bits per byte   ${result.bitsPerByte.toFixed(4)}`,
      `scored          ${result.tokens} tokens, ${result.bytes} bytes (window ${result.window}${documents})`,
    ].join('\n'),
  );
}
