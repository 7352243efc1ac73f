/** A file on a server that serves no ranges: one response, read on as reads ask for later bytes. */
import { type ByteSource, requireRange } from '../byte-source.ts';
import { downloadAgain, failure } from '../fail.ts';
import { dropBody, type HttpFile, readerOf, requireVersion, versionOf } from './request.ts';

/**
 * `response` holds the whole file. Reads in the order of the file cost one pass and hold one piece in memory; a read before what
 * was read last requests the file again, from its beginning.
 */
export function createStreamedSource(file: HttpFile, size: number, response: Response): ByteSource {
  const version = versionOf(response);
  let reader = readerOf(response);
  let position = 0;
  let pending: Uint8Array = new Uint8Array(0);
  let failed = false;
  let queue: Promise<unknown> = Promise.resolve();

  const restart = async (): Promise<void> => {
    await reader.cancel().catch(() => undefined);
    const again = await file.send('GET');
    if (again.status !== 200) {
      await dropBody(again);
      const fix = 'the file or the server changed while it was loaded: load it again';
      throw failure({ where: file.name, expected: 'the file once more', got: `status ${again.status}`, fix });
    }
    await requireVersion(file.name, version, again);
    reader = readerOf(again);
    position = 0;
    pending = new Uint8Array(0);
  };

  /** Up to `most` bytes at `position`, which moves on. */
  const take = async (most: number): Promise<Uint8Array> => {
    if (pending.length === 0) {
      const piece = await file.nextPiece(reader, size);
      if (piece === undefined) {
        throw failure({ where: file.name, expected: `${size} bytes`, got: `${position}`, fix: downloadAgain });
      }
      pending = piece;
    }
    const taken = pending.subarray(0, most);
    pending = pending.subarray(taken.length);
    position += taken.length;
    return taken;
  };

  const readNow = async (offset: number, target: Uint8Array): Promise<Uint8Array> => {
    if (failed || offset < position) await restart();
    failed = true;
    while (position < offset) await take(offset - position);
    for (let filled = 0; filled < target.length; ) {
      const piece = await take(target.length - filled);
      target.set(piece, filled);
      filled += piece.length;
    }
    failed = false;
    return target;
  };

  return {
    name: file.name,
    size,
    async read(offset, length, into) {
      requireRange(file.name, size, offset, length);
      const target = (into ?? new Uint8Array(length)).subarray(0, length);
      // One connection: reads wait for each other, also for those that fail.
      const result = queue.then(() => readNow(offset, target));
      queue = result.catch(() => undefined);
      return result;
    },
    async close() {
      await reader.cancel().catch(() => undefined);
    },
  };
}
