/** What a golden training folder records: settings, batches, and what comes of each step. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AdamwSettings, TrainingBatch } from '@yoco-u/train';
import { readJsonObject } from '../read-text.ts';
import { UsageError } from '../run-program.ts';
import { openRecorded, readAll } from './golden-file.ts';

/** AdamW with a constant learning rate. */
export interface RecordedSettings extends Omit<AdamwSettings, 'kind'> {
  readonly learningRate: number;
  /** Largest norm of all gradients together. */
  readonly clip: number;
}

export interface GoldenTraining {
  readonly adamw: RecordedSettings;
  /** One a step. */
  readonly batches: readonly TrainingBatch[];
  readonly losses: Float32Array;
  /** Before clipping. */
  readonly norms: Float32Array;
  /** The weights after the last step. */
  readonly after: ReadonlyMap<string, Float32Array>;
}

export function isTrainingFolder(folder: string): boolean {
  return existsSync(join(folder, 'training.json'));
}

/** Throws `UsageError` for settings that are not of AdamW, or a file that lacks what it should hold. */
export async function readGoldenTraining(folder: string): Promise<GoldenTraining> {
  await using file = await openRecorded(folder, 'training.safetensors');
  const entry = file.entry('tokens', 3);
  const [steps, rows, rowLength] = entry.shape;
  const ids = await entry.readInt32();
  const batches = Array.from({ length: steps! }, (_, step): TrainingBatch => {
    const row = (index: number): Int32Array =>
      ids.subarray((step * rows! + index) * rowLength!, (step * rows! + index + 1) * rowLength!);
    const all = Array.from({ length: rows! }, (_, index) => row(index));
    return {
      tokens: all.map((given) => given.subarray(0, -1)),
      targets: all.map((given) => given.subarray(1)),
    };
  });
  return {
    adamw: await readSettings(join(folder, 'training.json')),
    batches,
    losses: await file.entry('losses', 1).readFloat32(),
    norms: await file.entry('grad_norms', 1).readFloat32(),
    after: await readAll(folder, 'after.safetensors'),
  };
}

async function readSettings(path: string): Promise<RecordedSettings> {
  const settings = await readJsonObject(path);
  if (settings.optimizer !== 'adamw') {
    throw new UsageError(`${path}: expected optimizer "adamw", got ${JSON.stringify(settings.optimizer)}`);
  }
  const number = (key: string): number => {
    const value = settings[key];
    if (typeof value === 'number') return value;
    throw new UsageError(`${path}: expected a number as '${key}', got ${JSON.stringify(value)}`);
  };
  return {
    learningRate: number('lr'),
    beta1: number('beta1'),
    beta2: number('beta2'),
    eps: number('eps'),
    weightDecay: number('weight_decay'),
    clip: number('clip_global_norm'),
  };
}
