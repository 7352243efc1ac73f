/** Bodies of requests, read with care. */
import { ApiError } from '@yoco-u/openai';

/**
 * The JSON of a body of at most `limit` bytes. Throws `ApiError`: 415 for another type (a page may send plain text to any server
 * unasked, JSON it may not), 413 for too much, 400 for what is no UTF-8 or no JSON; the signal's reason when it aborts.
 */
export async function readJson(request: Request, limit: number, signal: AbortSignal): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw refuse(415, 'unsupported_media_type', 'expected JSON; send the header content-type: application/json');
  }
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw refuse(415, 'unsupported_media_type', 'expected a body that is not compressed');
  const bytes = await readBytes(request, limit, signal);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse(400, 'invalid_body', 'expected UTF-8', cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(400, 'invalid_body', 'expected JSON', cause);
  }
}

async function readBytes(request: Request, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  const tooLarge = (): ApiError => refuse(413, 'body_too_large', `expected at most ${limit} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const cancel = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', cancel);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    signal.throwIfAborted();
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      cancel();
      throw tooLarge();
    }
    chunks.push(value);
  }
  signal.removeEventListener('abort', cancel);
  signal.throwIfAborted();
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function refuse(status: number, code: string, what: string, cause?: unknown): ApiError {
  return new ApiError({ status, code, message: `body: ${what}` }, { cause });
}
