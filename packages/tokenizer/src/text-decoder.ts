/** Ids to text, whole or as a stream. */

import { type TokenDecoder, TokenizerError } from '@yoco-u/spec';
import type { StartCut } from './decoding.ts';
import type { TokenBytes } from './token-bytes.ts';

export interface DecodableTokens {
  readonly count: number;
  readonly bytes: TokenBytes;
  /** Special tokens that text starts behind: all but the unknown token, which stands inside text. */
  readonly boundaries: ReadonlySet<number>;
  readonly startCut: readonly StartCut[];
}

/** @throws TokenizerError unless `id` is an id of the vocabulary */
export function checkId(id: number, count: number, where: string): void {
  if (!Number.isInteger(id) || id < 0 || id >= count) {
    throw new TokenizerError({ where, expected: `an id from 0 to ${count - 1}`, got: String(id) });
  }
}

export function decodeIds(tokens: DecodableTokens, ids: Iterable<number>): string {
  const cut = createStartCutter(tokens);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const id of ids) {
    checkId(id, tokens.count, 'decode');
    const bytes = cut.next(id);
    parts.push(bytes);
    length += bytes.length;
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return createUtf8Decoder().decode(whole);
}

export function createTokenDecoder(tokens: DecodableTokens): TokenDecoder {
  const utf8 = createUtf8Decoder();
  const cut = createStartCutter(tokens);
  return {
    push(id) {
      checkId(id, tokens.count, 'push');
      return utf8.decode(cut.next(id), { stream: true });
    },
    flush() {
      cut.reset();
      return utf8.decode();
    },
  };
}

function createUtf8Decoder(): TextDecoder {
  // Without ignoreBOM a leading U+FEFF would be dropped.
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/** The bytes of one token after another, without what is cut where text starts. */
function createStartCutter({ bytes, boundaries, startCut }: DecodableTokens) {
  let step = 0;
  let taken = 0;

  function reset(): void {
    step = 0;
    taken = 0;
  }

  return {
    reset,
    next(id: number): Uint8Array {
      const view = bytes.view(id);
      if (startCut.length === 0) return view;
      if (boundaries.has(id)) {
        reset();
        return view;
      }
      let start = 0;
      while (start < view.length && step < startCut.length) {
        if (view[start] === startCut[step].byte && taken < startCut[step].count) {
          start++;
          taken++;
        } else {
          step++;
          taken = 0;
        }
      }
      return view.subarray(start);
    },
  };
}
