/** What a model is trained or validated on: parts of a corpus. */

import type { Corpus } from './corpus.ts';
import { documentStart } from './document-table.ts';
import { hashNumbers } from './tokenize-documents.ts';

/** Documents, or contiguous parts of documents, of a corpus. Holds no ids: they are read from the corpus, which stays open. */
export interface Dataset {
  readonly corpus: Corpus;
  /** First token of each part, and the one after its last. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Documents or parts. */
  readonly count: number;
  /** Ids of the parts, without BOS and EOS. */
  readonly tokens: number;
  /** The same for the same ids in the same parts. */
  readonly fingerprint: string;
}

/** A half-open range of tokens. */
export interface TokenSpan {
  readonly start: number;
  readonly end: number;
}

export function createDataset(corpus: Corpus, spans: readonly TokenSpan[]): Dataset {
  const starts = Float64Array.from(spans, ({ start }) => start);
  const ends = Float64Array.from(spans, ({ end }) => end);
  return {
    corpus,
    starts,
    ends,
    count: spans.length,
    tokens: spans.reduce((sum, { start, end }) => sum + end - start, 0),
    fingerprint: `${corpus.fingerprint}-${hashNumbers(starts, ends)}`,
  };
}

/** All documents of a corpus, or those that `keep` says. */
export function documentsOf(corpus: Corpus, keep: (document: number) => boolean = () => true): Dataset {
  const spans: TokenSpan[] = [];
  for (let document = 0; document < corpus.documents.count; document++) {
    if (keep(document)) spans.push(documentSpan(corpus, document));
  }
  return createDataset(corpus, spans);
}

export function documentSpan({ documents }: Corpus, document: number): TokenSpan {
  return { start: documentStart(documents, document), end: documents.tokenEnds[document] };
}
