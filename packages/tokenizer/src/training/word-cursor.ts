/** Cutting a text into words a few at a time: the pieces of a Split pre-tokenizer with behavior Isolated, in order. */

export interface WordCursor {
  /** Hands at most about `limit` words to `take`; false when the text is over. */
  advance(limit: number, take: (word: string) => void): boolean;
  /** UTF-16 units cut so far. */
  position(): number;
}

/** @param pattern a global expression; its `lastIndex` belongs to the cursor until the text is over */
export function createWordCursor(pattern: RegExp, text: string): WordCursor {
  let previous = 0;
  let search = 0;

  return {
    advance(limit, take) {
      for (let step = 0; step < limit; step++) {
        pattern.lastIndex = search;
        const match = pattern.exec(text);
        if (match === null) {
          if (previous < text.length) take(text.slice(previous));
          previous = text.length;
          return false;
        }
        const start = match.index;
        const end = start + match[0].length;
        if (previous < start) take(text.slice(previous, start));
        if (start < end) take(match[0]);
        search = start < end ? end : end + (isHighSurrogate(text, end) ? 2 : 1);
        previous = end;
      }
      return true;
    },
    position: () => previous,
  };
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}
