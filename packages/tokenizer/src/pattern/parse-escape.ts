/** Escapes that mean the same inside and outside a character class. */

import { propertySet, shorthandSet } from './character-sets.ts';
import type { PatternReader } from './pattern-reader.ts';

/** Either one code point or a set in JavaScript `v`-mode text. */
export type Escape = { readonly codePoint: number } | { readonly set: string };

const control: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['e', 0x1b],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
]);

/** Reads what follows a backslash. */
export function parseEscape(reader: PatternReader, insideClass: boolean): Escape {
  const property = reader.takeMatch(/([pP])\{(\^?)([^{}]*)\}/y);
  if (property !== null) {
    const negated = (property[1] === 'P') !== (property[2] === '^');
    return { set: propertySet(property[3], insideClass, negated) };
  }
  const hexadecimal = reader.takeMatch(/x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})/y);
  if (hexadecimal !== null) {
    const codePoint = Number.parseInt(hexadecimal[1] ?? hexadecimal[2] ?? hexadecimal[3], 16);
    if (codePoint > 0x10ffff) reader.reject('a code point up to 10FFFF', hexadecimal[0].length + 1);
    return { codePoint };
  }
  const octal = reader.takeMatch(/0[0-7]{0,2}/y);
  if (octal !== null) return { codePoint: Number.parseInt(octal[0], 8) };
  const letter = reader.take();
  const set = shorthandSet(letter, insideClass);
  if (set !== undefined) return { set };
  const codePoint = control.get(letter);
  if (codePoint !== undefined) return { codePoint };
  if (/[A-Za-z0-9]/.test(letter)) {
    reader.reject(
      'an escape out of \\a \\d \\e \\f \\h \\n \\p{…} \\r \\s \\t \\v \\w \\xHH \\x{H…} \\uHHHH \\A \\z \\Z \\b \\B',
      2,
    );
  }
  return { codePoint: letter.codePointAt(0) as number };
}
