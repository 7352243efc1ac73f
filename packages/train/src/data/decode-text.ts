/** Text out of bytes: UTF-8, strictly. */

import { DataError } from './data-error.ts';

const saveAsText = 'save it as UTF-8 text, or leave it out';

/**
 * Decodes chunks cut anywhere; a byte order mark at the start is dropped. Throws `DataError` for bytes that are not UTF-8 and for NUL
 * characters, which text does not have and binary files do.
 */
export async function* decodeText(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let offset = 0;
  for await (const chunk of chunks) {
    const nul = chunk.indexOf(0);
    if (nul >= 0) {
      const got = `binary data (a NUL byte at ${offset + nul})`;
      throw new DataError({ where: name, expected: 'text', got, fix: saveAsText });
    }
    const text = decode(decoder, chunk, name, `in the ${chunk.length} bytes from byte ${offset}`);
    offset += chunk.length;
    if (text !== '') yield text;
  }
  decode(decoder, undefined, name, 'at its end');
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, name: string, place: string): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    const got = `bytes that are not UTF-8 ${place}`;
    throw new DataError({ where: name, expected: 'UTF-8 text', got, fix: saveAsText }, { cause });
  }
}
