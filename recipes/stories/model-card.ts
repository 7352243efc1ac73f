/** README.md of a model folder: what it is, what it learned from, and what was measured. */
import { countParameters, type ModelConfig } from '@yoco-u/model';
import type { RunConfig } from '@yoco-u/train';
import { formatCount, formatDuration } from '../src/figures.ts';

export interface CardScore {
  readonly iterations: number;
  readonly bitsPerByte: number;
  /** Of the other model, where there is one. */
  readonly beside: number | undefined;
  /** Forward, a token. */
  readonly flops: number;
}

export interface CardSample {
  readonly prompt: string;
  readonly text: string;
}

/** A run, or what there is of it. */
export interface CardRun {
  readonly config: RunConfig;
  readonly step: number;
  /** In training steps. */
  readonly seconds: number;
}

export interface CardFacts {
  readonly trained: CardRun;
  readonly model: ModelConfig;
  /** Scored tokens of one window. */
  readonly window: number;
  readonly scores: readonly CardScore[];
  readonly besideName: string | undefined;
  readonly samples: readonly CardSample[];
  /** Of `model.safetensors`. */
  readonly modelBytes: number;
  /** Markdown on the text that was trained on. */
  readonly about: string | undefined;
}

export function renderCard(facts: CardFacts): string {
  const { trained, model, window, scores, besideName, samples, modelBytes, about } = facts;
  const stages = model.stages.map(({ type, layers, iterations }) => {
    const times = iterations === 1 ? '' : `, applied ${iterations} times unless a request says otherwise`;
    return `${layers.length} ${type} layers${times}`;
  });
  const { accumulation, batch, sequenceLength } = trained.config;
  const tokens = trained.step * accumulation * batch * sequenceLength;
  const hasOther = besideName !== undefined;
  const table = [
    `| T | FLOP a token | bits per byte |${hasOther ? ` ${besideName} |` : ''}`,
    `|---|---|---|${hasOther ? '---|' : ''}`,
    ...scores.map(
      ({ iterations: count, flops, bitsPerByte, beside }) =>
        `| ${count} | ${formatCount(flops)} | ${bitsPerByte.toFixed(4)} |${hasOther ? ` ${beside?.toFixed(4) ?? ''} |` : ''}`,
    ),
  ];
  return `# A small YOCO-U

${formatCount(countParameters(model))} parameters in ${(modelBytes / 1e6).toFixed(1)} MB of bfloat16: ${stages.join(', then ')}; ${model.hiddenSize} wide, ${model.heads} heads over
${model.keyValueHeads} of ${model.headDim}, FFN ${model.intermediateSize}, vocabulary ${model.vocabularySize}, context ${model.contextLength}. MIT.

## Training

${describeRun(trained)}
${formatCount(tokens)} tokens in ${formatDuration(trained.seconds)} of training steps. Made by \`recipes/stories\`.
${about === undefined ? '' : `\n${about.trim()}\n`}
![Bits per byte of the held-out text over training](curve.svg)

## Measured

Bits per byte of held-out text, each document alone, in windows of ${window} tokens, for T applications of the self layers.

${table.join('\n')}

## Samples

Temperature 0.8, seed 0, nothing picked.

${samples.map(({ prompt, text }) => quote(prompt, text)).join('\n\n')}

It writes sentences that sound like what it has read and does not tell a story that holds together.
`;
}

function describeRun({ config, step }: CardRun): string {
  const { iterations, optimizer, learningRate, schedule, seed } = config;
  const drawn =
    typeof iterations === 'number' ? '' : `, ${iterations.from} to ${iterations.to} iterations drawn for each`;
  const planned = step === config.steps ? '' : ` of ${config.steps} planned`;
  return `${step}${planned} steps of ${config.accumulation * config.batch} x ${config.sequenceLength} tokens${drawn}: ${optimizer.kind}, learning rate ${learningRate.toPrecision(3)}, ${schedule.kind.replaceAll('_', '-')}, seed ${seed}.`;
}

/** The prompt in bold, the rest as it came. */
function quote(prompt: string, text: string): string {
  const asText = (plain: string): string => plain.replaceAll(/[\\`*_<>#[\]]/g, '\\$&');
  const shown = `${prompt === '' ? '' : `**${asText(prompt)}**`}${asText(text)}`;
  return shown
    .trim()
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}
