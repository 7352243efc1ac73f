/** A code point as JavaScript `v`-mode text, valid inside and outside a class. */
export function formatCodePoint(codePoint: number): string {
  const plain =
    (codePoint >= 0x30 && codePoint <= 0x39) ||
    (codePoint >= 0x41 && codePoint <= 0x5a) ||
    (codePoint >= 0x61 && codePoint <= 0x7a);
  return plain ? String.fromCodePoint(codePoint) : `\\u{${codePoint.toString(16)}}`;
}
