/** Safetensors files on disk. */
import {
  planSafetensors,
  type SafetensorsOptions,
  streamSafetensors,
  type WritableTensors,
} from '../safetensors-write.ts';
import { writeFileAtomically } from './atomic-write.ts';

/**
 * Writes a safetensors file, one tensor at a time. The file appears under its name only when it is complete; a failure leaves
 * what was there before. Throws `CheckpointError`.
 */
export async function writeSafetensors(
  path: string,
  tensors: WritableTensors,
  options: SafetensorsOptions = {},
): Promise<void> {
  await writeFileAtomically(path, streamSafetensors(planSafetensors(tensors, options)));
}
