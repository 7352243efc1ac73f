/** Reading safetensors files, lazily. */
import type { ByteSource } from './byte-source.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';
import { createScratchPool } from './scratch.ts';
import { createTensorEntry, type TensorEntry } from './tensor-entry.ts';

/** An opened file. It reads from the source it was opened on, which stays the caller's to close. */
export interface SafetensorsFile {
  readonly name: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** By name, in the order of their data: reading in this order goes through the file once. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Bytes of all tensors. */
  readonly totalBytes: number;
}

/**
 * Opens a safetensors file: reads and checks its header completely, and no data yet. Throws `CheckpointError` that names the
 * file, the tensor or key, and the fix.
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const header = await readSafetensorsHeader(source);
  const tensors = new Map<string, TensorEntry>();
  const scratch = createScratchPool();
  for (const { name, dtype, shape, start } of header.tensors) {
    const readStored = async (offset: number, into: Uint8Array): Promise<void> => {
      await source.read(header.dataStart + start + offset, into.length, into);
    };
    tensors.set(name, createTensorEntry({ name, dtype, shape, file: source.name, readStored, scratch }));
  }
  return { name: source.name, metadata: header.metadata, tensors, totalBytes: source.size - header.dataStart };
}
