/** Recorded tensors beside a model. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors, type TensorEntry } from '@yoco-u/checkpoint';
import { openFileSource } from '@yoco-u/checkpoint/node';
import { UsageError } from '../run-program.ts';

export interface RecordedFile extends AsyncDisposable {
  /** Throws `UsageError` where the file has no such tensor of `axes` axes, none of them empty. */
  entry(name: string, axes: number): TensorEntry;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Throws `UsageError` where there is no such file. */
export async function openRecorded(folder: string, name: string): Promise<RecordedFile> {
  const path = join(folder, name);
  if (!existsSync(path)) {
    throw new UsageError(`${folder}: expected ${name} beside the model, got none; give a folder with recorded outputs`);
  }
  const source = await openFileSource(path);
  try {
    const { tensors } = await openSafetensors(source);
    return {
      tensors,
      entry(tensor, axes) {
        const found = tensors.get(tensor);
        if (found?.shape.length === axes && found.elements > 0) return found;
        const got = found === undefined ? 'none' : `[${found.shape.join(', ')}]`;
        throw new UsageError(`${path}: expected a tensor '${tensor}' of ${axes} axes, got ${got}; record it again`);
      },
      async [Symbol.asyncDispose]() {
        await source.close?.();
      },
    };
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

/** All tensors of a file as float32. */
export async function readAll(folder: string, name: string): Promise<ReadonlyMap<string, Float32Array>> {
  await using file = await openRecorded(folder, name);
  const values = new Map<string, Float32Array>();
  for (const [tensor, entry] of file.tensors) values.set(tensor, await entry.readFloat32());
  return values;
}
