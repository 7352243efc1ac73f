/** Where a long text is cut. */

const letter = /\p{L}/u;

/**
 * The last position after `from`, at most `to`, where a word ends and a space and a word follow: there the usual word patterns
 * begin a new word. In text without such a place, the last one that cuts no character and follows no line break.
 */
export function cutPosition(text: string, from: number, to: number): number {
  const earliest = Math.max(from + 1, to - 2 ** 16);
  for (let at = to; at >= earliest; at--) {
    if (text[at] === ' ' && isLetter(text, at - 1) && isLetter(text, at + 1)) return at;
  }
  for (let at = to; at > from; at--) {
    const before = text.charCodeAt(at - 1);
    const isHighSurrogate = before >= 0xd800 && before < 0xdc00;
    if (!isHighSurrogate && before !== 10 && before !== 13) return at;
  }
  return to;
}

function isLetter(text: string, at: number): boolean {
  return at >= 0 && at < text.length && letter.test(text[at]);
}
