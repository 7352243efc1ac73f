/** Documents to ids and a table of documents. */

import type { Tokenizer } from '@yoco-u/spec';
import { DataError } from './data-error.ts';
import type { DocumentPiece } from './document-pieces.ts';
import { createDocumentTable, createIdHash, type DocumentTable } from './document-table.ts';

export interface TokenizeTarget {
  /** What the documents are from; shown in errors. */
  readonly name: string;
  /** Takes the ids, in order. */
  write(ids: readonly number[]): void | Promise<void>;
  /** Told after every piece how many tokens there are. */
  readonly onTokens?: (tokens: number) => void;
  readonly signal?: AbortSignal;
}

export interface TokenizedDocuments {
  readonly tokens: number;
  readonly bytes: number;
  readonly documents: DocumentTable;
  readonly fingerprint: string;
}

/** Encodes piece by piece, special tokens as plain text. Throws `DataError` if nothing is left to train on. */
export async function tokenizeDocuments(
  documents: Iterable<DocumentPiece> | AsyncIterable<DocumentPiece>,
  tokenizer: Tokenizer,
  target: TokenizeTarget,
): Promise<TokenizedDocuments> {
  const table = createDocumentTable();
  let bytes = 0;
  target.signal?.throwIfAborted();
  for await (const { text, end } of documents) {
    const ids = tokenizer.encode(text);
    const length = utf8Length(text);
    bytes += length;
    table.add(ids, length);
    if (end) table.end();
    await target.write(ids);
    target.onTokens?.(table.tokens);
    target.signal?.throwIfAborted();
  }
  const built = table.build();
  if (built.count === 0) {
    throw new DataError({
      where: target.name,
      expected: 'text to train on',
      got: 'none: it is empty or white space',
      fix: 'name files that hold text',
    });
  }
  return { tokens: table.tokens, bytes, documents: built, fingerprint: fingerprintOf(built) };
}

/** Tokens and documents, and a hash of what tells the documents apart. */
function fingerprintOf(table: DocumentTable): string {
  return `${table.tokenEnds[table.count - 1]}-${table.count}-${hashNumbers(table.hashes, table.tokenEnds)}`;
}

/** A hash of whole numbers up to 2^53, as 14 hexadecimal digits. */
export function hashNumbers(...lists: readonly Float64Array[]): string {
  const hash = createIdHash();
  for (const list of lists) {
    for (const value of list) {
      hash.add(value | 0);
      hash.add(Math.floor(value / 2 ** 32) | 0);
    }
  }
  return hash.value().toString(16).padStart(14, '0');
}

/** Bytes of a text in UTF-8; a lone surrogate counts as U+FFFD, as encoders write it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    const isPair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    // Two units, four bytes: two were counted, and the next unit is skipped.
    if (isPair) at++;
  }
  return bytes;
}
