/** A text that grows, in paragraphs: what is finished is neither laid out nor painted again. */
import type { Piece } from './continuation.svelte.ts';

export interface Paragraph {
  /** Index of its first piece in the text. */
  readonly start: number;
  /** The last one ends with a line break, unless the text ends here. */
  readonly pieces: readonly Piece[];
}

/** Paragraphs of the pieces, one at least. All of `known` but its last one, which are those of fewer pieces, stay as they are. */
export function paragraphsOf(pieces: readonly Piece[], known: readonly Paragraph[] = []): readonly Paragraph[] {
  const paragraphs = known.slice(0, -1);
  let start = known.at(-1)?.start ?? 0;
  // more text may still come to the last piece
  for (let index = start; index < pieces.length - 1; index++) {
    if (!pieces[index]!.text.endsWith('\n')) continue;
    paragraphs.push({ start, pieces: pieces.slice(start, index + 1) });
    start = index + 1;
  }
  return [...paragraphs, { start, pieces: pieces.slice(start) }];
}
