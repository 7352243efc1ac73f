/** From the folder of a run to a model folder that can be published: weights in bfloat16, the curve, and a card with measurements. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storedAs } from '@yoco-u/checkpoint';
import { openModelFolder, writeModelFolder } from '@yoco-u/checkpoint/node';
import { type EngineLanguageModel, scoreText } from '@yoco-u/engine';
import { flopsPerToken, parseConfig, withIterations } from '@yoco-u/model';
import { ConfigError } from '@yoco-u/spec';
import { possibleIterations, renderChartFile, validationChart } from '@yoco-u/train';
import { createMetricsFile, type MetricsLine, readRun } from '@yoco-u/train/node';
import { builtInAttention } from '@yoco-u/yoco-u';
import { loadModelFolder } from '@yoco-u/yoco-u/node';
import { readHeldOutText } from '../src/held-out-text.ts';
import { type CardRun, type CardSample, type CardScore, renderCard } from './model-card.ts';
import { readScores } from './score-file.ts';

export interface ExportOptions {
  /** Folder of a run, finished or not; it is only read. */
  readonly run: string;
  /** Folder to write: `config.json`, `model.safetensors`, `tokenizer.json`, `curve.svg`, `README.md`. */
  readonly to: string;
  /** Text that was not trained on. */
  readonly validationData: readonly string[];
  /** A file with scores of another model: see `readScores`. */
  readonly beside?: string | undefined;
  /** A Markdown file on the text that was trained on, and its licence. */
  readonly about?: string | undefined;
  /** Absent: all cores. */
  readonly threads?: number | undefined;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

const prompts = ['', 'Once upon a time', 'The fox'] as const;
const sampling = { temperature: 0.8, seed: 0 } as const;
const sampleTokens = 80;

/** Throws `ConfigError` where there is no run, `CheckpointError` for one that cannot be read, `DataError` for the text. */
export async function exportRun(options: ExportOptions): Promise<void> {
  const { run, to, validationData, threads, signal, print } = options;
  const trained = await readTraining(run);
  const { config } = trained;
  const about = options.about === undefined ? undefined : await readFile(options.about, 'utf8');
  // as many as a row of training has, after the token that begins a document
  const window = config.sequenceLength - 1;
  const beside = options.beside === undefined ? undefined : await readScores(options.beside, window);
  const text = await readHeldOutText(validationData);
  await copyModel(run, to);
  await writeFile(join(to, 'curve.svg'), renderChartFile(validationChart(trained.events)));

  const scores: CardScore[] = [];
  await using loaded = await loadModelFolder(to, { signal, ...(threads === undefined ? {} : { threads }) });
  const samples = await sample(loaded.model, signal);
  const model = parseConfig(config.model, builtInAttention);
  for (const iterations of possibleIterations(config.iterations)) {
    const { bitsPerByte } = await scoreText(loaded.model, text, { documents: true, window, iterations, signal });
    print(`T = ${iterations}: ${bitsPerByte.toFixed(4)} bits per byte`);
    const flops = flopsPerToken(withIterations(model, iterations), config.sequenceLength);
    const other = beside?.scores.find((score) => score.iterations === iterations)?.bitsPerByte;
    scores.push({ iterations, bitsPerByte, beside: other, flops });
  }
  const card = renderCard({
    trained,
    model,
    window,
    scores,
    besideName: beside?.model,
    samples,
    modelBytes: (await stat(join(to, 'model.safetensors'))).size,
    about,
  });
  await writeFile(join(to, 'README.md'), card);
}

interface Training extends CardRun {
  readonly events: readonly MetricsLine[];
}

/** A run as far as its weights have come. */
async function readTraining(run: string): Promise<Training> {
  const saved = await readRun(run);
  if (saved === undefined) {
    throw new ConfigError({ where: run, expected: 'the folder of a run', got: 'none', fix: 'check the path' });
  }
  await using model = await openModelFolder(run);
  const step = Number(model.metadata.get('step'));
  const events = (await createMetricsFile(join(run, 'metrics.jsonl')).read()).filter((event) => event.step <= step);
  const seconds = events.reduce((sum, event) => sum + (event.type === 'step' ? event.seconds : 0), 0);
  return { config: saved.config, step, seconds, events };
}

async function copyModel(run: string, to: string): Promise<void> {
  await using model = await openModelFolder(run);
  await writeModelFolder(to, {
    config: model.config,
    tensors: [...model.tensors.values()].map((tensor) => storedAs(tensor, 'BF16')),
    metadata: model.metadata,
    ...(model.tokenizerJson === undefined ? {} : { tokenizerJson: model.tokenizerJson }),
  });
}

async function sample(model: EngineLanguageModel, signal: AbortSignal): Promise<readonly CardSample[]> {
  const samples: CardSample[] = [];
  for (const prompt of prompts) {
    let text = '';
    for await (const part of model.generate({ prompt, maxTokens: sampleTokens, sampling, signal })) {
      if (part.type === 'text') text += part.text;
    }
    samples.push({ prompt, text });
  }
  signal.throwIfAborted();
  return samples;
}
