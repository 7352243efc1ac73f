/** What `train` prints: the plan, a line a second at most, validations, samples and where the model lies. */
import { join } from 'node:path';
import type { RunEvent, RunProgress } from '@yoco-u/train/node';
import { formatBytes, formatCount, formatRate } from '../format.ts';
import { createProgress, type Progress } from '../progress.ts';

type PlanEvent = Extract<RunEvent, { readonly type: 'plan' }>;
type SaveEvent = Extract<RunEvent, { readonly type: 'save' }>;
type StepEvent = Extract<RunEvent, { readonly type: 'step' }>;

export interface TrainOutput {
  progress(progress: RunProgress): void;
  warning(message: string): void;
  show(event: RunEvent, device: string, folder: string): void;
  end(): void;
}

const lineIntervalMs = 1000;

/** With `json` one JSON object a line: every event. */
export function createTrainOutput(json: boolean): TrainOutput {
  const bars = new Map<string, Progress>();
  const barOf = (label: string, unit: 'bytes' | 'tokens'): Progress => {
    const key = `${label} ${unit}`;
    const bar = bars.get(key) ?? createProgress(label, unit);
    bars.set(key, bar);
    return bar;
  };
  const end = (): void => {
    for (const bar of bars.values()) bar.end();
    bars.clear();
  };
  let planned: PlanEvent | undefined;
  let best: SaveEvent | undefined;
  let shown = Number.NEGATIVE_INFINITY;
  const showStep = (event: StepEvent): void => {
    const now = performance.now();
    const isEdge = event.step === planned!.config.steps || event.step === planned!.step + 1;
    if (!isEdge && !event.skipped && now - shown < lineIntervalMs) return;
    shown = now;
    console.log(describeStep(event, planned!.config.steps));
  };
  return {
    end,
    progress(progress) {
      if (progress.phase === 'learning the tokenizer') {
        barOf(progress.phase, progress.unit).update(progress.done, progress.total);
      } else barOf(`${progress.phase} ${progress.file}`, 'bytes').update(progress.doneBytes, progress.totalBytes);
    },
    warning: (message) => console.error(`warning: ${message}`),
    show(event, device, folder) {
      end();
      if (event.type === 'plan') planned = event;
      if (json) {
        console.log(JSON.stringify(event.type === 'plan' ? { ...event, model: undefined } : event));
        return;
      }
      switch (event.type) {
        case 'plan':
          for (const line of describePlan(event, device)) console.log(line);
          break;
        case 'step':
          showStep(event);
          break;
        case 'validation': {
          const results = event.results.map(
            ({ iterations, loss, bitsPerByte }) =>
              `T=${iterations} loss ${loss.toFixed(4)} (${bitsPerByte.toFixed(4)} bits/byte)`,
          );
          console.log(`  validation after step ${event.step}: ${results.join('; ')}`);
          break;
        }
        case 'sample':
          for (const { prompt, text } of event.samples) console.log(`  sample: ${JSON.stringify(prompt + text)}`);
          break;
        case 'save':
          if ((event.validationLoss ?? Number.POSITIVE_INFINITY) < (best?.validationLoss ?? Number.POSITIVE_INFINITY))
            best = event;
          break;
        case 'end':
          // what came before a run that goes on may have been better
          if (event.reason === 'done' && planned!.step === 0 && best !== undefined && best.step < event.step) {
            const path = join(folder, 'checkpoints', `step-${best.step}`);
            console.log(`validation was best after step ${best.step}: ${path} holds the model of then`);
          }
          console.log(describeEnd(event, folder));
      }
    },
  };
}

function describePlan(
  { config, model, parameters, memory, data, ...plan }: PlanEvent,
  device: string,
): readonly string[] {
  const stages = model.stages
    .map(({ type, layers, iterations }) => `${layers.length} ${type} x${iterations}`)
    .join(' + ');
  const { iterations } = config;
  const drawn = typeof iterations === 'number' ? '' : `, trained at ${iterations.from} to ${iterations.to} iterations`;
  const stepTokens = config.batch * config.accumulation * config.sequenceLength;
  const epochs = plan.tokens / data.trainTokens;
  return [
    `model    ${formatCount(parameters)} parameters: ${stages} layers, width ${model.hiddenSize}, heads ${model.heads}/${model.keyValueHeads} of ${model.headDim}, FFN ${model.intermediateSize}, vocabulary ${model.vocabularySize}${drawn}`,
    `data     ${formatCount(data.trainTokens)} tokens to train on, ${formatCount(data.validationTokens)} to validate${data.byPosition ? ' (the end of the longest document)' : ''}, ${data.bytesPerToken.toFixed(2)} bytes a token`,
    `run      ${config.steps} steps of ${stepTokens} tokens (${config.batch} x ${config.sequenceLength}${config.accumulation === 1 ? '' : `, ${config.accumulation} times`}): ${formatCount(plan.tokens)} tokens, ${epochs.toFixed(1)} epochs, ${formatCount(plan.flopsPerToken * plan.tokens)}FLOP; learning rate ${config.learningRate.toPrecision(3)}, ${config.schedule.kind}`,
    `memory   ${formatBytes(memory.total)}: weights ${formatBytes(memory.parameters)}, gradients ${formatBytes(memory.gradients)}, ${config.optimizer.kind} ${formatBytes(memory.moments)}, activations ${formatBytes(memory.arena)}${memory.samples === 0 ? '' : `, samples ${formatBytes(memory.samples)}`}, runtime ${formatBytes(memory.runtime)}; the process holds ${formatBytes(memory.process)} already`,
    `device   ${device}`,
    ...(plan.step > 0 ? [`resumed after step ${plan.step}`] : []),
    '',
  ];
}

function describeStep(event: StepEvent, steps: number): string {
  const share = event.flopShare === undefined ? '' : ` (${Math.round(100 * event.flopShare)}% of FMA)`;
  const width = String(steps).length;
  return [
    `step ${String(event.step).padStart(width)}/${steps}`,
    `loss ${event.loss.toFixed(4)}`,
    `${event.bitsPerByte.toFixed(3)} bits/byte`,
    `rate ${event.learningRate.toExponential(2)}`,
    `norm ${event.gradientNorm.toFixed(2)}${event.skipped ? ' LEFT OUT' : ''}`,
    `T=${event.iterations}`,
    formatRate(event.tokensPerSecond),
    `${(event.flopsPerSecond / 1e9).toFixed(1)} GFLOP/s${share}`,
    `${formatTime(event.secondsLeft)} left`,
  ].join(' · ');
}

function describeEnd({ reason, step }: Extract<RunEvent, { readonly type: 'end' }>, folder: string): string {
  const go = `go on with: yoco-u train --out ${folder} --resume auto`;
  if (reason === 'abort') return `interrupted after step ${step}; saved; ${go}`;
  if (reason === 'stop') return `stopped after step ${step}; saved; ${go}`;
  return `done: ${folder} holds the model and report.html; try: yoco-u generate ${folder}`;
}

function formatTime(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
