/** Requests for one file on a server, with errors that name it. */

import { CheckpointError } from '@yoco-u/spec';
import type { LoadProgress } from '../byte-source.ts';
import { failure } from '../fail.ts';

/** No response, or one that broke off: worth another try. */
export class ConnectionError extends CheckpointError {}

export interface HttpOptions {
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Stops loading; reads then reject with its reason. */
  readonly signal?: AbortSignal;
  /** Called as bytes arrive. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** In place of the platform's `fetch`. */
  readonly fetch?: typeof fetch;
}

/** Sends requests for one URL and counts what arrives. */
export interface HttpFile {
  /** Without the query, which may hold a key. */
  readonly name: string;
  /** Throws `CheckpointError` (a `ConnectionError`) if no response comes; any status is a response. */
  send(method: 'GET' | 'HEAD', range?: string): Promise<Response>;
  /** The next piece of a body, undefined at its end. Throws a `ConnectionError` if the connection fails. */
  nextPiece(reader: ReadableStreamDefaultReader<Uint8Array>, totalBytes: number): Promise<Uint8Array | undefined>;
}

export function createHttpFile(url: URL, options: HttpOptions): HttpFile {
  const { signal, onProgress } = options;
  const request = options.fetch ?? fetch;
  const name = url.origin + url.pathname;
  let loadedBytes = 0;

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      const got = reason instanceof Error ? reason.message : String(reason);
      const fix = 'check the address and the connection and load it again';
      throw new ConnectionError({ where: name, expected: 'a whole response', got, fix }, { cause });
    }
  };

  return {
    name,
    send: (method, range) =>
      guarded(() =>
        request(url, {
          method,
          // A compressed body has neither the file's length nor its ranges. Browsers decide on this header themselves.
          headers: { ...options.headers, 'accept-encoding': 'identity', ...(range === undefined ? {} : { range }) },
          ...(signal === undefined ? {} : { signal }),
        }),
      ),
    async nextPiece(reader, totalBytes) {
      const { value } = await guarded(() => reader.read());
      if (value === undefined) return undefined;
      loadedBytes += value.length;
      onProgress?.({ file: name, loadedBytes, totalBytes });
      return value;
    },
  };
}

/** The body's reader; an empty one for a response without a body. */
export function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  return (response.body ?? new Blob([]).stream()).getReader();
}

/** Gives up a body nobody reads, so that its connection is free. */
export async function dropBody(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

/** What the server says the length of the body is; undefined if it does not say, or says that of a compressed one. */
export function contentLength(response: Response): number | undefined {
  const encoding = response.headers.get('content-encoding');
  const text = response.headers.get('content-length');
  if ((encoding !== null && encoding !== 'identity') || text === null || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

/** First byte and size of the whole file, where a partial response tells. Cross-origin, servers must expose the header. */
export function contentRange(response: Response): { readonly first: number; readonly size: number } | undefined {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(response.headers.get('content-range') ?? '');
  return match === null ? undefined : { first: Number(match[1]), size: Number(match[2]) };
}

/**
 * What tells this version of the file from others: a strong entity tag, or what there is of a weak one, which promises less than the
 * same bytes, and a date. Pages see the tag of their own server, or of one that exposes it; the date of any.
 */
export function versionOf({ headers }: Response): string | undefined {
  const tag = headers.get('etag');
  if (tag !== null && !tag.startsWith('W/')) return tag;
  const known = [tag, headers.get('last-modified')].filter((value) => value !== null);
  return known.length === 0 ? undefined : known.join(' ');
}

/**
 * Throws `CheckpointError` for a later response of another version, so that a file is never put together from two. Compared here
 * rather than asked for by If-Range: pages may send that header only to servers that allow it.
 */
export async function requireVersion(name: string, version: string | undefined, response: Response): Promise<void> {
  const got = versionOf(response);
  if (version === undefined || got === undefined || got === version) return;
  await dropBody(response);
  const fix = 'the file changed while it was loaded: load it again';
  throw failure({ where: name, expected: `the version ${version}`, got, fix });
}

/** SHA-256 of the whole file, where the server tells it as Repr-Digest (RFC 9530) and a page may see that. */
export function sha256Of({ headers }: Response): string | undefined {
  const encoding = headers.get('content-encoding');
  const told = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(headers.get('repr-digest') ?? '')?.[1];
  // of the compressed form, if there is one
  if (told === undefined || (encoding !== null && encoding !== 'identity')) return undefined;
  return Array.from(atob(told), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
