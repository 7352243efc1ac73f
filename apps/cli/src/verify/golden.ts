/** What a golden folder records: inputs and the outputs of an independent implementation. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../run-program.ts';
import { openRecorded, type RecordedFile, readAll } from './golden-file.ts';
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

/** Throws `UsageError` for a folder with nothing to verify. */
export async function readGolden(folder: string): Promise<Golden> {
  await using file = await openRecorded(folder, 'io.safetensors');
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
export async function readGoldenGradients(folder: string): Promise<ReadonlyMap<string, Float32Array> | undefined> {
  const name = 'grads.safetensors';
  return existsSync(join(folder, name)) ? await readAll(folder, name) : undefined;
}

/** Sequences as long and as many as the recorded logits. Throws `UsageError` for others. */
async function readRows(file: RecordedFile, name: string, shape: readonly number[]): Promise<Int32Array[]> {
  const entry = file.entry(name, 2);
  if (entry.shape.join() !== shape.join()) {
    const got = `[${entry.shape.join(', ')}]`;
    throw new UsageError(`${name}: expected [${shape.join(', ')}], as the logits have, got ${got}; record them again`);
  }
  const all = await entry.readInt32();
  return Array.from({ length: entry.rows }, (_, row) =>
    all.subarray(row * entry.rowLength, (row + 1) * entry.rowLength),
  );
}
