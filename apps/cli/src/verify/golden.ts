/** What a golden folder records: inputs and the outputs of an independent implementation. */
import type { ModelFiles } from '@yoco-u/checkpoint';
import { CheckpointError } from '@yoco-u/spec';
import { openIfRecorded, openRecorded, type RecordedFile, readAll } from './golden-file.ts';
import { magnitude } from './tensor-error.ts';

export interface Golden {
  /** B sequences of T ids each. */
  readonly tokens: readonly Int32Array[];
  readonly targets: readonly Int32Array[];
  /** [B, T, V] */
  readonly logits: Float32Array;
  /** Mean cross-entropy of the targets. */
  readonly loss: number;
  readonly prompt: Int32Array;
  readonly greedy: Int32Array;
  /** The largest magnitude among the float tensors of the file: see `tensorError`. */
  readonly largest: number;
}

/** Throws `CheckpointError` for a folder with nothing to verify. */
export async function readGolden(files: ModelFiles): Promise<Golden> {
  await using file = await openRecorded(files, 'io.safetensors');
  const entry = file.entry('logits', 3);
  const rows = entry.shape.slice(0, 2);
  const logits = await entry.readFloat32();
  const loss = await file.entry('loss', 1).readFloat32();
  return {
    tokens: await readRows(file, 'tokens', rows),
    targets: await readRows(file, 'targets', rows),
    logits,
    loss: loss[0]!,
    prompt: await file.entry('prompt', 1).readInt32(),
    greedy: await file.entry('greedy', 1).readInt32(),
    largest: Math.max(magnitude(logits), magnitude(loss)),
  };
}

/** The gradient of the loss by parameter; undefined where the folder records none. */
export async function readGoldenGradients(files: ModelFiles): Promise<ReadonlyMap<string, Float32Array> | undefined> {
  await using file = await openIfRecorded(files, 'grads.safetensors');
  return file === undefined ? undefined : await readAll(file);
}

/** Sequences as long and as many as the recorded logits. Throws `CheckpointError` for others. */
async function readRows(file: RecordedFile, name: string, shape: readonly number[]): Promise<Int32Array[]> {
  const entry = file.entry(name, 2);
  if (entry.shape.join() !== shape.join()) {
    const expected = `[${shape.join(', ')}], as the logits have`;
    const got = `[${entry.shape.join(', ')}]`;
    throw new CheckpointError({ where: name, expected, got, fix: 'record them again' });
  }
  const all = await entry.readInt32();
  return Array.from({ length: entry.rows }, (_, row) =>
    all.subarray(row * entry.rowLength, (row + 1) * entry.rowLength),
  );
}
