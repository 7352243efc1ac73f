/** llama2.c's tokenizer file as a tokenizer.json. */

import { TokenizerError } from '@yoco-u/spec';
import type { AddedTokenJson, TokenizerJson } from './tokenizer-json.ts';
import { byteTokenText } from './word-symbols.ts';

interface Piece {
  readonly text: string;
  readonly score: number;
}

interface Merge {
  readonly left: number;
  readonly right: number;
  readonly result: number;
}

/** Ids of the file's layout: unknown, beginning and end of text, then the 256 bytes, then text. */
const SPECIAL_COUNT = 3;
const FIRST_TEXT = SPECIAL_COUNT + 256;
/** Real pieces hold at most a few dozen bytes; splitting one takes time by the square of its length. */
const LONGEST_PIECE = 1024;
/** llama2.c starts its search for the best pair from this score and takes only higher ones. */
const LOWEST_SCORE = -1e10;

/**
 * Converts a llama2.c `tok*.bin`: int32 longest piece, then for each piece float32 score, int32 length and UTF-8 bytes,
 * little-endian. Pieces keep their plain spaces, so that U+2581 in a text falls back to bytes as it does in llama2.c.
 *
 * llama2.c merges the pair of highest score, the leftmost among equal scores; between two pieces of equal score the one
 * of lower id goes first here, as a tokenizer.json has ranks only. Trained files hold no equal scores.
 *
 * @param vocabularySize number of pieces, which the file does not tell (the model's header does)
 * @returns the value of a tokenizer.json, for `parseTokenizer`
 * @throws TokenizerError for a file that is truncated, too long or not of this layout
 */
export function importLlama2cTokenizer(bytes: Uint8Array, vocabularySize: number): TokenizerJson {
  const pieces = readPieces(bytes, vocabularySize);
  const tokens = pieces.map((piece, id) => tokenText(piece.text, id));
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const other = ids.get(token);
    if (other !== undefined)
      fail(`piece ${id}`, 'each piece once', `${JSON.stringify(token)} again, after piece ${other}`);
    ids.set(token, id);
  }
  const merges = findMerges(pieces, ids);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: tokens.slice(0, SPECIAL_COUNT).map((content, id) => specialToken(content, id)),
    normalizer: { type: 'Prepend', prepend: ' ' },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: tokens[0],
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(ids),
      merges: merges.map(({ left, right }) => [tokens[left], tokens[right]] as const),
    },
  };
}

function readPieces(bytes: Uint8Array, count: number): readonly Piece[] {
  if (!Number.isInteger(count) || count < FIRST_TEXT) {
    fail('vocabularySize', `an integer of at least ${FIRST_TEXT}`, String(count));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const pieces: Piece[] = [];
  let offset = 4;
  for (let id = 0; id < count; id++) {
    if (offset + 8 > bytes.length)
      fail(`piece ${id}`, `${count} pieces`, `a file of ${bytes.length} bytes that ends before`);
    const score = view.getFloat32(offset, true);
    const length = view.getInt32(offset + 4, true);
    offset += 8;
    if (length < 0 || length > LONGEST_PIECE)
      fail(`piece ${id}`, `a length from 0 to ${LONGEST_PIECE}`, String(length));
    if (offset + length > bytes.length) fail(`piece ${id}`, `${length} bytes`, `${bytes.length - offset}`);
    if (Number.isNaN(score)) fail(`piece ${id}`, 'a score', 'NaN');
    pieces.push({ text: decodePiece(utf8, bytes.subarray(offset, offset + length), id), score });
    offset += length;
  }
  if (offset !== bytes.length) {
    fail(
      'the file',
      `${count} pieces in ${offset} bytes`,
      `${bytes.length} bytes`,
      'pass the vocabulary size of the model',
    );
  }
  return pieces;
}

function decodePiece(utf8: TextDecoder, bytes: Uint8Array, id: number): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail(`piece ${id}`, 'UTF-8', `bytes ${[...bytes].join(' ')}`);
  }
}

/** llama2.c writes line feeds around <s> and </s>, and bytes may be spelt in either case. */
function tokenText(piece: string, id: number): string {
  if (id < SPECIAL_COUNT) return piece.trim() === '' ? piece : piece.trim();
  if (id >= FIRST_TEXT) return piece;
  const token = byteTokenText(id - SPECIAL_COUNT);
  if (piece.toUpperCase() !== token.toUpperCase()) fail(`piece ${id}`, token, JSON.stringify(piece));
  return token;
}

/** Every way to put a piece together out of two others, the highest score first. */
function findMerges(pieces: readonly Piece[], ids: ReadonlyMap<string, number>): readonly Merge[] {
  const merges: Merge[] = [];
  for (let result = FIRST_TEXT; result < pieces.length; result++) {
    const { text, score } = pieces[result];
    if (score <= LOWEST_SCORE) continue;
    for (let cut = 1; cut < text.length; cut++) {
      const left = ids.get(text.slice(0, cut)) ?? 0;
      const right = ids.get(text.slice(cut)) ?? 0;
      // Special and byte tokens never come out of text by merging.
      if (left >= FIRST_TEXT && right >= FIRST_TEXT) merges.push({ left, right, result });
    }
  }
  return merges.sort(
    (a, b) =>
      pieces[b.result].score - pieces[a.result].score || a.result - b.result || a.left - b.left || a.right - b.right,
  );
}

function specialToken(content: string, id: number): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

function fail(where: string, expected: string, got: string, fix?: string): never {
  throw new TokenizerError({
    where: `llama2.c tokenizer: ${where}`,
    expected,
    got,
    ...(fix === undefined ? {} : { fix }),
  });
}
