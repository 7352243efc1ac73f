/** Trains trunks and branches, or goes on where it was interrupted. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend } from '@yoco-u/spec';
import type { StepEvent } from '@yoco-u/train';
import { branchRun, createCheckpoints, createMetricsFile, readRun, runTraining } from '@yoco-u/train/node';
import { builtInAttention } from '@yoco-u/yoco-u';
import { listSegments, type Segment } from './segments.ts';
import type { ComparisonSettings } from './settings.ts';

/** A branch that has been trained to its end. */
export interface BranchResult {
  readonly iterations: number;
  readonly seed: number;
  readonly steps: number;
  /** Mean −ln p a token on the held-out rows. */
  readonly loss: number;
  readonly bitsPerByte: number;
}

export interface ComparisonOptions {
  readonly settings: ComparisonSettings;
  readonly data: readonly string[];
  readonly validationData: readonly string[] | undefined;
  readonly out: string;
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly onSegment?: (segment: Segment) => void;
  readonly onStep?: (segment: Segment, event: StepEvent) => void;
}

/** Yields the result of each branch, of those that were there first. Rejects with the signal's reason once it is aborted. */
export async function* trainComparison(options: ComparisonOptions): AsyncGenerator<BranchResult, void, undefined> {
  const segments = listSegments(options.settings);
  // every run reads text with the tokenizer that the first one learned
  const tokenizer = join(options.out, segments[0]!.folder, 'tokenizer.json');
  for (const segment of segments) {
    if (segment.budget === undefined) {
      if (!(await isPast(options, segment))) await runSegment(options, segment, tokenizer);
      continue;
    }
    const { iterations, seed, budget: steps } = segment;
    let result = await resultOf(options, segment);
    if (result === undefined) {
      const to = join(options.out, segment.folder);
      if ((await readRun(to)) === undefined) {
        await branchRun({ from: join(options.out, segment.trunk), step: segment.from, to });
      }
      await runSegment(options, segment, tokenizer);
      result = await resultOf(options, segment);
    }
    yield { iterations, seed, steps, loss: result!.loss, bitsPerByte: result!.bitsPerByte };
  }
}

async function runSegment(options: ComparisonOptions, segment: Segment, tokenizer: string): Promise<void> {
  const { data, validationData, out, backend, signal } = options;
  const isThere = await stat(tokenizer).then(
    () => true,
    () => false,
  );
  options.onSegment?.(segment);
  const run = runTraining({
    folder: join(out, segment.folder),
    request: {
      ...segment.request,
      data,
      ...(validationData === undefined ? {} : { validationData }),
      ...(isThere ? { tokenizer } : {}),
    },
    resume: 'auto',
    backend,
    registry: builtInAttention,
    cacheFolder: join(out, 'data'),
    stopAt: segment.to,
    signal,
  });
  for await (const event of run) if (event.type === 'step') options.onStep?.(segment, event);
  signal.throwIfAborted();
}

/** True for a piece of a trunk that its run has gone through. */
async function isPast({ out }: ComparisonOptions, { folder, to }: Segment): Promise<boolean> {
  const checkpoints = createCheckpoints(join(out, folder, 'checkpoints'), { model: {}, tokenizerJson: '' }, 1);
  return ((await checkpoints.latest()) ?? -1) >= to;
}

/** The loss at the end of a branch; undefined until it is there. */
async function resultOf({ out }: ComparisonOptions, { folder, to }: Segment) {
  const lines = await createMetricsFile(join(out, folder, 'metrics.jsonl')).read();
  for (const line of lines) if (line.type === 'validation' && line.step === to) return line.results[0];
  return undefined;
}
