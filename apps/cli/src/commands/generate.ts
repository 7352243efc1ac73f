/** `generate`: streams a continuation, then one line of figures. */
import type { FinishPart, SamplingSettings } from '@yoco-u/spec';
import { formatBytes, formatRate } from '../format.ts';
import { interruptSignal } from '../interrupt.ts';
import { openModel } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { readText } from '../read-text.ts';

export interface GenerateOptions extends ModelOptions {
  readonly prompt: string;
  readonly promptFile?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly ignoreEos?: boolean;
}

export async function generate(folder: string | undefined, options: GenerateOptions): Promise<void> {
  const signal = interruptSignal();
  const prompt = options.promptFile === undefined ? options.prompt : await readText(options.promptFile);
  await using opened = await openModel(folder, options, signal);
  const { model, backend } = opened;
  const sampling = samplingOf(options);
  const prefill = createProgress('reading the prompt', 'tokens');
  const tokens: number[] = [];
  let text = '';
  let finish: FinishPart | undefined;
  // the prompt is shown with the first token: a request that cannot be served prints nothing but its error
  let shown = options.json === true ? undefined : prompt;
  const parts = model.generate({
    prompt,
    maxTokens: Math.min(options.maxTokens, model.contextLength),
    sampling,
    ignoreEos: options.ignoreEos === true,
    signal,
    onPrefill: prefill.update,
    ...(options.stop === undefined ? {} : { stop: options.stop }),
  });
  for await (const part of parts) {
    if (part.type === 'token') {
      prefill.end();
      tokens.push(part.id);
      if (shown !== undefined) process.stdout.write(shown);
      shown = undefined;
    } else if (part.type === 'text') {
      text += part.text;
      if (options.json !== true) process.stdout.write(part.text);
    } else if (part.type === 'finish') finish = part;
  }
  const { reason, usage, timings } = finish!;
  if (options.json === true) {
    console.log(JSON.stringify({ text, tokens, finishReason: reason, seed: sampling.seed, usage, timings }));
    return;
  }
  process.stdout.write(`${shown ?? ''}\n`);
  console.error(
    [
      `\n${usage.completionTokens} tokens (${reason})`,
      // at temperature 0 there is nothing to repeat
      ...(options.temperature === 0 ? [] : [`seed ${sampling.seed}`]),
      `prefill ${formatRate(timings.prefillTokensPerSecond)}`,
      `decode ${formatRate(timings.decodeTokensPerSecond)}`,
      `cache ${formatBytes(usage.cacheBytes)}`,
      backend.description,
    ].join(' · '),
  );
}

function samplingOf(options: GenerateOptions): SamplingSettings {
  const { temperature, topK, topP, minP, repetitionPenalty } = options;
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const chosen = { temperature, topK, topP, minP, repetitionPenalty, seed };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
}
