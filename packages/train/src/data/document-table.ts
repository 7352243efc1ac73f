/** Where the documents of a corpus lie, and what tells them apart. */

import { mix } from './random.ts';

/** One entry a document, in the order of the corpus. */
export interface DocumentTable {
  readonly count: number;
  /** Token after the document's last; the first document starts at 0. */
  readonly tokenEnds: Float64Array;
  /** UTF-8 bytes of the text. */
  readonly bytes: Float64Array;
  /** 53 bits of the ids: the same for documents that are the same. */
  readonly hashes: Float64Array;
}

export interface DocumentTableBuilder {
  /** Ids that the current document goes on with. */
  add(ids: readonly number[], bytes: number): void;
  /** Ends the document. One without ids is left out. */
  end(): void;
  /** Tokens so far, those of the current document included. */
  readonly tokens: number;
  build(): DocumentTable;
}

export function createDocumentTable(): DocumentTableBuilder {
  const tokenEnds = createGrowingArray();
  const bytes = createGrowingArray();
  const hashes = createGrowingArray();
  let tokens = 0;
  let started = 0;
  let documentBytes = 0;
  let hash = createIdHash();
  return {
    get tokens() {
      return tokens;
    },
    add(ids, count) {
      tokens += ids.length;
      documentBytes += count;
      for (const id of ids) hash.add(id);
    },
    end() {
      if (tokens > started) {
        tokenEnds.push(tokens);
        bytes.push(documentBytes);
        hashes.push(hash.value());
      }
      started = tokens;
      documentBytes = 0;
      hash = createIdHash();
    },
    build: () => ({
      count: tokenEnds.length,
      tokenEnds: tokenEnds.values(),
      bytes: bytes.values(),
      hashes: hashes.values(),
    }),
  };
}

/** First token of a document. */
export function documentStart(table: DocumentTable, document: number): number {
  return document === 0 ? 0 : table.tokenEnds[document - 1];
}

/** Two lanes of 32 bits, 53 of which fit a number. */
export function createIdHash() {
  let first = 0x243f6a88;
  let second = 0x85a308d3;
  return {
    add(id: number): void {
      first = Math.imul(first ^ id, 0x9e3779b1);
      first ^= first >>> 15;
      second = Math.imul((second << 13) | (second >>> 19), 5) + (id ^ 0x6b43a9b5);
      second = Math.imul(second, 0xcc9e2d51);
    },
    value: (): number => (mix(first ^ mix(second)) >>> 11) * 2 ** 32 + (mix(second ^ mix(first)) >>> 0),
  };
}

function createGrowingArray() {
  let values = new Float64Array(64);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value: number): void {
      if (length === values.length) {
        const larger = new Float64Array(length * 2);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    values: (): Float64Array => values.slice(0, length),
  };
}
