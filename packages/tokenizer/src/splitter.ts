/** Cutting a text at the matches of an expression, as the Split pre-tokenizer of Hugging Face tokenizers does. */

/** Hands the non-empty pieces of a text to `emit`, in order. */
export type Splitter = (text: string, emit: (piece: string) => void) => void;

/**
 * What becomes of a match: kept as a piece, dropped, joined to the piece before or after it, or joined with
 * neighbouring matches.
 */
export type SplitBehavior = 'Isolated' | 'Removed' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

interface Span {
  start: number;
  end: number;
  readonly matched: boolean;
}

/** @param invert the text between matches counts as matched, and the matches as text between */
export function createSplitter(pattern: RegExp, behavior: SplitBehavior, invert: boolean): Splitter {
  switch (behavior) {
    case 'Isolated':
      return (text, emit) => eachSpan(pattern, text, (start, end) => emit(text.slice(start, end)));
    case 'Removed':
      return (text, emit) =>
        eachSpan(pattern, text, (start, end, matched) => {
          if (matched === invert) emit(text.slice(start, end));
        });
    default: {
      const join = joins[behavior];
      return (text, emit) => {
        const spans: Span[] = [];
        eachSpan(pattern, text, (start, end, matched) => spans.push({ start, end, matched: matched !== invert }), true);
        for (const { start, end } of join(spans)) if (start < end) emit(text.slice(start, end));
      };
    }
  }
}

const joins = {
  MergedWithPrevious(spans: readonly Span[]): readonly Span[] {
    const joined: Span[] = [];
    let afterMatch = false;
    for (const span of spans) {
      const last = joined.at(-1);
      if (span.matched && !afterMatch && last !== undefined) last.end = span.end;
      else joined.push(span);
      afterMatch = span.matched;
    }
    return joined;
  },
  MergedWithNext(spans: readonly Span[]): readonly Span[] {
    const joined: Span[] = [];
    let beforeMatch = false;
    for (const span of spans.toReversed()) {
      const next = joined.at(-1);
      if (span.matched && !beforeMatch && next !== undefined) next.start = span.start;
      else joined.push(span);
      beforeMatch = span.matched;
    }
    return joined.reverse();
  },
  Contiguous(spans: readonly Span[]): readonly Span[] {
    const joined: Span[] = [];
    for (const span of spans) {
      const last = joined.at(-1);
      if (last !== undefined && last.matched === span.matched) last.end = span.end;
      else joined.push(span);
    }
    return joined;
  },
};

/** Calls `take` for matches and the text between them; empty matches only where asked for. */
function eachSpan(
  pattern: RegExp,
  text: string,
  take: (start: number, end: number, matched: boolean) => void,
  empty = false,
): void {
  let previous = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const start = match.index;
    const end = start + match[0].length;
    if (previous < start) take(previous, start, false);
    if (start < end || (empty && (start !== previous || start === 0))) take(start, end, true);
    if (start === end) pattern.lastIndex = end + (isHighSurrogate(text, end) ? 2 : 1);
    previous = end;
  }
  if (previous < text.length) take(previous, text.length, false);
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}
