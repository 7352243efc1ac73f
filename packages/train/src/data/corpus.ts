/** A corpus: token ids of documents one after the other, on disk or in memory. */

import type { Tokenizer } from '@yoco-u/spec';
import type { DocumentPiece } from './document-pieces.ts';
import type { DocumentTable } from './document-table.ts';
import { tokenizeDocuments } from './tokenize-documents.ts';

/** Tokenised documents, without BOS and EOS. Whoever opened it closes it. */
export interface Corpus extends AsyncDisposable {
  /** Shown in errors. */
  readonly name: string;
  /** Every id is below it. */
  readonly vocabularySize: number;
  readonly tokens: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
  readonly documents: DocumentTable;
  /** The same for the same ids in the same documents. */
  readonly fingerprint: string;
  /** Fills `into` with ids from token `start` on. Throws `DataError` if they cannot be read. */
  read(start: number, into: Int32Array): Promise<void>;
}

export interface MemoryCorpusOptions {
  /** Shown in errors. Default `the text`. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** Tokenises documents into memory: for browsers and small texts. Throws `DataError` if there is no text. */
export async function createMemoryCorpus(
  documents: Iterable<DocumentPiece> | AsyncIterable<DocumentPiece>,
  tokenizer: Tokenizer,
  options: MemoryCorpusOptions = {},
): Promise<Corpus> {
  const { name = 'the text', signal } = options;
  let ids = new Int32Array(1024);
  let tokens = 0;
  const result = await tokenizeDocuments(documents, tokenizer, {
    name,
    ...(signal === undefined ? {} : { signal }),
    write(more) {
      if (tokens + more.length > ids.length) {
        const larger = new Int32Array(Math.max(ids.length * 2, tokens + more.length));
        larger.set(ids.subarray(0, tokens));
        ids = larger;
      }
      ids.set(more, tokens);
      tokens += more.length;
    },
  });
  return {
    name,
    vocabularySize: tokenizer.vocabularySize,
    ...result,
    async read(start, into) {
      into.set(ids.subarray(start, start + into.length));
    },
    async [Symbol.asyncDispose]() {},
  };
}
