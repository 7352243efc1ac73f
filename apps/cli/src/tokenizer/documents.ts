/** Text that arrives in pieces, cut into documents at lines `<|endoftext|>`. */

export const documentSeparator = '<|endoftext|>';

/** A document, or a part of a long one. */
export interface DocumentPart {
  readonly text: string;
  readonly endsDocument: boolean;
}

/** So long in UTF-16 units, documents are handed out in parts: a file of any size takes little memory. */
const LONG_DOCUMENT = 2 ** 20;

/**
 * Leaves out the separator lines, the line breaks in front of them, and empty documents. Parts of a long document end
 * where a space follows something else than white space, as words end there as well; text without such a place is cut
 * anywhere at 16 times the length.
 */
export async function* splitDocuments(
  pieces: AsyncIterable<string>,
  longDocument = LONG_DOCUMENT,
): AsyncGenerator<DocumentPart> {
  // Starts where a line does, or with the rest of a long document.
  let rest = '';
  let searched = 0;

  function* takeDocuments(isLast: boolean): Generator<DocumentPart> {
    for (;;) {
      const at = rest.indexOf(documentSeparator, searched);
      const end = at + documentSeparator.length;
      // The line may go on in the next piece.
      if (at < 0 || (!isLast && end + 2 > rest.length)) {
        searched = at < 0 ? Math.max(searched, rest.length - documentSeparator.length + 1) : at;
        return;
      }
      const next = lineStartBehind(rest, end);
      const startsLine = at === 0 || rest[at - 1] === '\n';
      searched = end;
      if (!startsLine || next < 0) continue;
      const text = rest.slice(0, at).replace(/\r?\n$/, '');
      rest = rest.slice(next);
      searched = 0;
      if (text !== '') yield { text, endsDocument: true };
    }
  }

  for await (const piece of pieces) {
    rest += piece;
    yield* takeDocuments(false);
    while (rest.length > longDocument) {
      const cut = findCut(rest, longDocument);
      if (cut <= 0) break;
      const text = rest.slice(0, cut);
      rest = rest.slice(cut);
      searched = Math.max(0, searched - cut);
      yield { text, endsDocument: false };
    }
  }
  yield* takeDocuments(true);
  if (rest !== '') yield { text: rest, endsDocument: true };
}

/** Where the next line starts if this one is over at `end`, or -1. */
function lineStartBehind(text: string, end: number): number {
  if (end === text.length) return end;
  if (text[end] === '\n') return end + 1;
  return text.startsWith('\r\n', end) ? end + 2 : -1;
}

/** Never inside a separator, which has no spaces. */
function findCut(text: string, longDocument: number): number {
  let cut = text.lastIndexOf(' ');
  while (cut > 0 && /\p{White_Space}/u.test(text[cut - 1])) cut = text.lastIndexOf(' ', cut - 1);
  if (cut > 0 || text.length <= 16 * longDocument) return cut;
  cut = text.length - documentSeparator.length - 2;
  return isLowSurrogate(text.charCodeAt(cut)) ? cut - 1 : cut;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
