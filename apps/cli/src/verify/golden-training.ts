/** What a golden training folder records: settings, batches, and what comes of each step. */
import { type ModelFiles, parseJsonObject } from '@yoco-u/checkpoint';
import { CheckpointError } from '@yoco-u/spec';
import type { AdamwSettings, TrainingBatch } from '@yoco-u/train';
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

/** A file of settings has a few hundred. */
const mostSettingsBytes = 2 ** 16;

/**
 * Undefined for a folder without a recorded run. Throws `CheckpointError` for settings that are not of AdamW, or a file that lacks
 * what it should hold.
 */
export async function readGoldenTraining(files: ModelFiles): Promise<GoldenTraining | undefined> {
  const adamw = await readSettings(files);
  if (adamw === undefined) return undefined;
  await using file = await openRecorded(files, 'training.safetensors');
  await using after = await openRecorded(files, 'after.safetensors');
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
    adamw,
    batches,
    losses: await file.entry('losses', 1).readFloat32(),
    norms: await file.entry('grad_norms', 1).readFloat32(),
    after: await readAll(after),
  };
}

async function readSettings(files: ModelFiles): Promise<RecordedSettings | undefined> {
  const source = await files.open('training.json');
  if (source === undefined) return undefined;
  const where = source.name;
  const fail = (expected: string, value: unknown): never => {
    throw new CheckpointError({ where, expected, got: JSON.stringify(value) ?? 'none', fix: 'record it again' });
  };
  let settings: Readonly<Record<string, unknown>>;
  try {
    const bytes = await source.read(0, Math.min(source.size, mostSettingsBytes));
    settings = parseJsonObject(new TextDecoder().decode(bytes), where);
  } finally {
    await source.close?.();
  }
  if (settings.optimizer !== 'adamw') fail('optimizer "adamw"', settings.optimizer);
  const number = (key: string): number => {
    const value = settings[key];
    return typeof value === 'number' ? value : fail(`a number as '${key}'`, value);
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
