/** Files on a server. */
import { type ByteSource, memorySource } from '../byte-source.ts';
import { failure } from '../fail.ts';
import { createRangedSource } from './ranged-source.ts';
import {
  contentLength,
  contentRange,
  createHttpFile,
  dropBody,
  type HttpFile,
  type HttpOptions,
  readerOf,
  sha256Of,
  versionOf,
} from './request.ts';
import { createStreamedSource } from './streamed-source.ts';

/** Asked for first: holds the header of most model files. */
const prefixBytes = 64 * 1024;
/** Up to here a file that comes as a whole is kept as a whole. */
const smallBytes = 4 * 2 ** 20;
/** More is never kept as a whole: a body whose length nobody tells may have no end. */
const mostBytes = 2 ** 30;

/**
 * Opens a file on a server, for reading by range requests where the server supports them, otherwise as one stream. Undefined if the
 * server has no such file (404, 410, or a web page in its place, as single-page servers answer). Throws `CheckpointError` for any
 * other answer.
 */
export async function openHttpSource(url: URL, options: HttpOptions = {}): Promise<ByteSource | undefined> {
  const file = createHttpFile(url, options);
  const response = await file.send('GET', `bytes=0-${prefixBytes - 1}`);
  if (response.status === 404 || response.status === 410 || isWebPage(response)) {
    await dropBody(response);
    return undefined;
  }
  if (response.status === 206) return withFacts(response, await openRanges(file, response));
  if (response.status === 200) return withFacts(response, await openWhole(file, response));
  await dropBody(response);
  if (response.status === 416 && response.headers.get('content-range') === 'bytes */0') {
    return memorySource(new Uint8Array(0), file.name);
  }
  const got = `status ${response.status} ${response.statusText}`.trim();
  throw failure({ where: file.name, expected: 'the file', got, fix: 'check the address and the right to read it' });
}

function withFacts(response: Response, source: ByteSource): ByteSource {
  const version = versionOf(response);
  const sha256 = sha256Of(response);
  return { ...source, ...(version === undefined ? {} : { version }), ...(sha256 === undefined ? {} : { sha256 }) };
}

async function openRanges(file: HttpFile, response: Response): Promise<ByteSource> {
  const range = contentRange(response);
  const size = range?.size ?? (await sizeByHead(file));
  if (range !== undefined && range.first !== 0) {
    await dropBody(response);
    const fix = 'the server answers ranges wrongly; load the files from another place';
    throw failure({ where: file.name, expected: 'bytes from 0', got: `bytes from ${range.first}`, fix });
  }
  return createRangedSource(file, size, await readAll(file, response, size), versionOf(response));
}

async function openWhole(file: HttpFile, response: Response): Promise<ByteSource> {
  const size = contentLength(response);
  if (size !== undefined && size > smallBytes) return createStreamedSource(file, size, response);
  return memorySource(await readAll(file, response, size ?? 0), file.name);
}

async function sizeByHead(file: HttpFile): Promise<number> {
  const size = contentLength(await file.send('HEAD'));
  if (size !== undefined) return size;
  const fix = 'let the server expose the headers Content-Range or Content-Length';
  throw failure({
    where: file.name,
    expected: 'the size of the file',
    got: 'neither of the headers that tell it',
    fix,
  });
}

async function readAll(file: HttpFile, response: Response, totalBytes: number): Promise<Uint8Array> {
  const reader = readerOf(response);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const piece = await file.nextPiece(reader, totalBytes);
    if (piece === undefined) break;
    length += piece.length;
    if (length > mostBytes) {
      await reader.cancel();
      const fix = 'let the server answer range requests, or tell the length';
      throw failure({ where: file.name, expected: `at most ${mostBytes} bytes of unknown length`, got: 'more', fix });
    }
    pieces.push(new Uint8Array(piece));
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

function isWebPage(response: Response): boolean {
  return response.ok && /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
}
