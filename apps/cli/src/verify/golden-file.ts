/** Recorded tensors beside a model. */
import { type ModelFiles, openSafetensors, type TensorEntry } from '@yoco-u/checkpoint';
import { CheckpointError } from '@yoco-u/spec';

export interface RecordedFile extends AsyncDisposable {
  /** Throws `CheckpointError` where the file has no such tensor of `axes` axes, none of them empty. */
  entry(name: string, axes: number): TensorEntry;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Undefined where there is no such file. */
export async function openIfRecorded(files: ModelFiles, name: string): Promise<RecordedFile | undefined> {
  const source = await files.open(name);
  if (source === undefined) return undefined;
  try {
    const { tensors } = await openSafetensors(source);
    return {
      tensors,
      entry(tensor, axes) {
        const found = tensors.get(tensor);
        if (found?.shape.length === axes && found.elements > 0) return found;
        throw new CheckpointError({
          where: source.name,
          expected: `a tensor '${tensor}' of ${axes} axes`,
          got: found === undefined ? 'none' : `[${found.shape.join(', ')}]`,
          fix: 'record it again',
        });
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

/** Throws `CheckpointError` where there is no such file. */
export async function openRecorded(files: ModelFiles, name: string): Promise<RecordedFile> {
  const file = await openIfRecorded(files, name);
  if (file !== undefined) return file;
  const fix = 'give a folder with recorded outputs';
  throw new CheckpointError({ where: files.name, expected: `${name} beside the model`, got: 'none', fix });
}

/** All tensors of a file as float32. */
export async function readAll({ tensors }: RecordedFile): Promise<ReadonlyMap<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [tensor, entry] of tensors) values.set(tensor, await entry.readFloat32());
  return values;
}
