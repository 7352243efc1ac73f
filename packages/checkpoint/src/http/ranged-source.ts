/** A file on a server that serves ranges: every read is a request of its own. */
import { type ByteSource, requireRange } from '../byte-source.ts';
import { failure } from '../fail.ts';
import { ConnectionError, contentRange, dropBody, type HttpFile, readerOf, requireVersion } from './request.ts';

/** Requests in a row that may bring nothing before a read fails. */
const attempts = 3;

/** How much of a read's target is filled; survives a connection that breaks. */
interface Filling {
  readonly target: Uint8Array;
  filled: number;
}

/** `prefix` is the beginning of the file, loaded already; later ranges are of the same `version`, where that is known. */
export function createRangedSource(
  file: HttpFile,
  size: number,
  prefix: Uint8Array,
  version: string | undefined,
): ByteSource {
  return {
    name: file.name,
    size,
    async read(offset, length, into) {
      requireRange(file.name, size, offset, length);
      const target = (into ?? new Uint8Array(length)).subarray(0, length);
      const known = prefix.subarray(offset, offset + length);
      target.set(known);
      const filling: Filling = { target, filled: known.length };
      for (let failures = 0; filling.filled < length; ) {
        const before = filling.filled;
        try {
          await requestRest(file, offset, { size, version }, filling);
        } catch (error) {
          failures = filling.filled > before ? 0 : failures + 1;
          if (!(error instanceof ConnectionError) || failures >= attempts) throw error;
        }
      }
      return target;
    },
  };
}

async function requestRest(
  file: HttpFile,
  offset: number,
  { size, version }: { readonly size: number; readonly version: string | undefined },
  filling: Filling,
): Promise<void> {
  const first = offset + filling.filled;
  const missing = filling.target.length - filling.filled;
  const response = await file.send('GET', `bytes=${first}-${first + missing - 1}`);
  const range = contentRange(response);
  const isAsked = range === undefined || (range.first === first && range.size === size);
  if (response.status !== 206 || !isAsked) {
    await dropBody(response);
    throw failure({
      where: file.name,
      expected: `bytes from ${first} of ${size}`,
      got: `status ${response.status}${range === undefined ? '' : `, bytes from ${range.first} of ${range.size}`}`,
      fix: 'the file or the server changed while it was loaded: load it again',
    });
  }
  await requireVersion(file.name, version, response);
  const reader = readerOf(response);
  for (;;) {
    const piece = await file.nextPiece(reader, size);
    if (piece === undefined) break;
    if (piece.length > filling.target.length - filling.filled) {
      await reader.cancel();
      const fix = 'the server answers ranges wrongly; load the files from another place';
      throw failure({ where: file.name, expected: `${missing} bytes from ${first}`, got: 'more', fix });
    }
    filling.target.set(piece, filling.filled);
    filling.filled += piece.length;
  }
  if (filling.filled < filling.target.length) {
    const got = `${missing - (filling.target.length - filling.filled)}`;
    throw new ConnectionError({
      where: file.name,
      expected: `${missing} bytes from ${first}`,
      got,
      fix: 'load it again',
    });
  }
}
