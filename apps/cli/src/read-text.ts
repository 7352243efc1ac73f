/** Text and JSON from a file or from standard input, which must be UTF-8. */
import { createReadStream } from 'node:fs';
import { parseJsonObject } from '@yoco-u/checkpoint';
import { describeFileError } from './file-error.ts';
import { UsageError } from './run-program.ts';

/** What one string holds, and ends reading from a device that never ends. */
const mostBytes = 2 ** 28;

/** `-` is standard input. Throws `UsageError`. */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`${path}: expected UTF-8 text, got other bytes; convert the file`, { cause: error });
  }
}

/** Throws `UsageError`, and `CheckpointError` for what is no JSON object. */
export async function readJsonObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  return parseJsonObject(await readText(path), path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > mostBytes) break;
    }
  } catch (error) {
    throw new UsageError(describeFileError(error as Error, path), { cause: error });
  }
  if (length <= mostBytes) return Buffer.concat(chunks);
  throw new UsageError(`${path}: expected at most ${mostBytes / 2 ** 20} MiB, got more; split the text`);
}
