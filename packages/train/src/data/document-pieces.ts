/** Documents out of a stream of text, in pieces of bounded length. */

import { cutPosition } from './cut-position.ts';

/** A part of a document. Most documents come in one. */
export interface DocumentPiece {
  readonly text: string;
  /** Whether the document ends with it. */
  readonly end: boolean;
}

export interface PieceOptions {
  /**
   * Longer documents are cut, in UTF-16 units, where a word ends and a space and a word follow, so that tokenizers that encode
   * word by word give the same ids. Default 2^20.
   */
  readonly maximumLength?: number;
}

/** Text in chunks cut anywhere, such as a decoded file, or all of it in one array. */
export type TextChunks = Iterable<string> | AsyncIterable<string>;

/** The line between two documents: spec section 7. */
export const documentSeparator = '<|endoftext|>';

const defaultLength = 2 ** 20;

/**
 * Splits at lines that are `<|endoftext|>` and nothing else. The line breaks around a separator belong to it. Documents of white
 * space alone are left out, and so is white space longer than a piece that a document begins with. Holds two pieces and two chunks
 * at most.
 */
export async function* splitDocuments(chunks: TextChunks, options: PieceOptions = {}): AsyncGenerator<DocumentPiece> {
  const emit = createEmitter(options.maximumLength ?? defaultLength);
  let pending = '';
  let searched = 0;
  let atLineStart = true;
  for await (const chunk of chunks) {
    pending += chunk;
    for (;;) {
      const found = findSeparator(pending, searched, atLineStart, false);
      if (found.kind === 'none') {
        searched = found.searched;
        break;
      }
      yield* emit.last(pending.slice(0, found.textEnd));
      pending = pending.slice(found.next);
      searched = 0;
      atLineStart = true;
    }
    // What a separator may still need stays: itself and the line break before it.
    const { pieces, taken } = emit.full(pending, Math.max(0, searched - 2));
    if (taken === 0) continue;
    yield* pieces;
    pending = pending.slice(taken);
    searched -= taken;
    atLineStart = false;
  }
  const found = findSeparator(pending, searched, atLineStart, true);
  yield* emit.last(found.kind === 'none' ? pending : pending.slice(0, found.textEnd));
}

/** One text that is one document, whatever is in it. */
export function* wholeDocument(text: string, options: PieceOptions = {}): Generator<DocumentPiece> {
  yield* createEmitter(options.maximumLength ?? defaultLength).last(text);
}

type Found =
  | { readonly kind: 'separator'; readonly textEnd: number; readonly next: number }
  | { readonly kind: 'none'; readonly searched: number };

function findSeparator(text: string, from: number, atLineStart: boolean, complete: boolean): Found {
  const { length } = documentSeparator;
  for (let at = text.indexOf(documentSeparator, from); at >= 0; at = text.indexOf(documentSeparator, at + 1)) {
    const after = at + length;
    // Whether the line goes on is known only with what follows, and \r may be followed by \n.
    const rest = text.slice(after, after + 2);
    if (!complete && (rest === '' || rest === '\r')) return { kind: 'none', searched: at };
    const starts = at === 0 ? atLineStart : text[at - 1] === '\n';
    const breakLength = rest[0] === '\n' ? 1 : rest === '\r\n' ? 2 : rest === '' ? 0 : undefined;
    if (!starts || breakLength === undefined) continue;
    const textEnd = at === 0 ? 0 : at - (text[at - 2] === '\r' ? 2 : 1);
    return { kind: 'separator', textEnd, next: after + breakLength };
  }
  return { kind: 'none', searched: Math.max(from, text.length - length + 1) };
}

/** Cuts long documents and leaves out blank ones. */
function createEmitter(maximumLength: number) {
  let begun = false;
  const piece = (text: string, end: boolean): DocumentPiece[] => {
    const needed = begun || /\S/.test(text);
    begun = needed && !end;
    return needed ? [{ text, end }] : [];
  };
  /** As many full pieces as `text` gives before `limit`, and how much of it they take. */
  const full = (text: string, limit: number): { readonly pieces: DocumentPiece[]; readonly taken: number } => {
    const pieces: DocumentPiece[] = [];
    let taken = 0;
    while (limit - taken > maximumLength) {
      const cut = cutPosition(text, taken, taken + maximumLength);
      pieces.push(...piece(text.slice(taken, cut), false));
      taken = cut;
    }
    return { pieces, taken };
  };
  return {
    full,
    last(text: string): DocumentPiece[] {
      const { pieces, taken } = full(text, text.length);
      return [...pieces, ...piece(text.slice(taken), true)];
    },
  };
}
