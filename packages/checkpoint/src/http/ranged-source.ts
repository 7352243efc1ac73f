/** A file on a server that serves ranges: reads are requests, and those that follow one another share some. */
import { type ByteSource, requireRange } from '../byte-source.ts';
import { failure } from '../fail.ts';
import { ConnectionError, contentRange, dropBody, type HttpFile, readerOf, requireVersion } from './request.ts';

/** Requests in a row that may bring nothing before a read fails. */
const attempts = 3;

/** The most that is asked for at once when less is read, and is held. */
const mostAhead = 2 * 2 ** 20;

interface FileFacts {
  readonly size: number;
  readonly version: string | undefined;
}

/** How much of a target is filled; survives a connection that breaks. */
interface Filling {
  readonly target: Uint8Array;
  filled: number;
}

/**
 * `prefix` is the beginning of the file, loaded already; later ranges are of the same `version`, where that is known. A read that
 * begins where the last one ended asks for as much again as was read in a row: a file that is gone through costs few requests, one
 * that is looked into is asked for no more than that.
 */
export function createRangedSource(
  file: HttpFile,
  size: number,
  prefix: Uint8Array,
  version: string | undefined,
): ByteSource {
  let ahead = { start: 0, bytes: new Uint8Array(0) };
  let row = { start: 0, end: 0 };
  let underWay = 0;

  const load = async (offset: number, target: Uint8Array): Promise<void> => {
    underWay++;
    try {
      await fill(file, offset, { size, version }, target);
    } finally {
      underWay--;
    }
  };

  /** Copies what is here already of the file's part at `offset`. Returns how many bytes that are. */
  const copyKnown = (offset: number, target: Uint8Array): number => {
    let filled = 0;
    for (const { start, bytes } of [{ start: 0, bytes: prefix }, ahead]) {
      const from = offset + filled - start;
      if (from < 0) continue;
      const known = bytes.subarray(from, from + target.length - filled);
      target.set(known, filled);
      filled += known.length;
    }
    return filled;
  };

  return {
    name: file.name,
    size,
    async read(offset, length, into) {
      requireRange(file.name, size, offset, length);
      const target = (into ?? new Uint8Array(length)).subarray(0, length);
      const start = offset === row.end ? row.start : offset;
      row = { start, end: offset + length };
      const filled = copyKnown(offset, target);
      const rest = target.subarray(filled);
      const first = offset + filled;
      const wanted = Math.min(offset - start, mostAhead, size - first);
      // reads side by side do not wait for each other
      if (rest.length === 0 || rest.length >= wanted || underWay > 0) {
        await load(first, rest);
        return target;
      }
      const bytes = new Uint8Array(wanted);
      await load(first, bytes);
      ahead = { start: first, bytes };
      rest.set(bytes.subarray(0, rest.length));
      return target;
    },
  };
}

async function fill(file: HttpFile, offset: number, facts: FileFacts, target: Uint8Array): Promise<void> {
  const filling: Filling = { target, filled: 0 };
  for (let failures = 0; filling.filled < target.length; ) {
    const before = filling.filled;
    try {
      await requestRest(file, offset, facts, filling);
    } catch (error) {
      failures = filling.filled > before ? 0 : failures + 1;
      if (!(error instanceof ConnectionError) || failures >= attempts) throw error;
    }
  }
}

async function requestRest(
  file: HttpFile,
  offset: number,
  { size, version }: FileFacts,
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
