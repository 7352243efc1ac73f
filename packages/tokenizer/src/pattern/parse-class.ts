/** Character classes: ranges, nested classes, POSIX brackets and intersections, to JavaScript `v`-mode text. */

import { complement, posixSet } from './character-sets.ts';
import { formatCodePoint } from './format-code-point.ts';
import { parseEscape } from './parse-escape.ts';
import type { PatternReader } from './pattern-reader.ts';

const MAXIMUM_DEPTH = 32;

/** Reads a class whose opening bracket is taken. `close` closes the positive set under case folding, or does nothing. */
export function parseClass(reader: PatternReader, close: (set: string) => string, depth = 1): string {
  if (depth > MAXIMUM_DEPTH) reader.reject(`at most ${MAXIMUM_DEPTH} nested classes`);
  const negated = reader.takeIf('^');
  const operands: string[] = [];
  let items: string[] = [];
  // Before the first item a closing bracket is an ordinary character.
  if (reader.takeIf(']')) items.push(formatCodePoint(0x5d));
  for (;;) {
    if (reader.takeIf(']')) break;
    if (reader.takeIf('&&')) {
      if (items.length === 0) reader.reject('a set on both sides of &&', 2);
      operands.push(`[${items.join('')}]`);
      items = [];
      continue;
    }
    items.push(parseItem(reader, depth));
  }
  if (items.length === 0) reader.reject('a set with at least one character', 1);
  operands.push(`[${items.join('')}]`);
  const set = close(operands.length === 1 ? operands[0] : `[${operands.join('&&')}]`);
  return negated ? complement(set) : set;
}

function parseItem(reader: PatternReader, depth: number): string {
  const start = parseMember(reader, depth);
  // A hyphen last, or after a set, is an ordinary character.
  if (typeof start === 'string' || !reader.at('-') || reader.at('-]') || reader.at('-&&')) return format(start);
  reader.takeIf('-');
  const end = parseMember(reader, depth);
  if (typeof end === 'string') return reader.reject('a character at the end of a range');
  if (end < start) reader.reject('a range that ascends');
  return `${format(start)}-${format(end)}`;
}

/** A code point, or a set as text. */
function parseMember(reader: PatternReader, depth: number): number | string {
  if (reader.takeIf('\\')) {
    // Inside a class \b is the backspace.
    if (reader.takeIf('b')) return 0x08;
    const escaped = parseEscape(reader, true);
    return 'set' in escaped ? escaped.set : escaped.codePoint;
  }
  const posix = reader.takeMatch(/\[:(\^?)([A-Za-z]+):\]/y);
  if (posix !== null) return posixSet(posix[2], posix[1] === '^');
  if (reader.takeIf('[')) return parseClass(reader, (set) => set, depth + 1);
  return reader.take().codePointAt(0) as number;
}

function format(member: number | string): string {
  return typeof member === 'string' ? member : formatCodePoint(member);
}
