/**
 * Named character sets of Oniguruma as JavaScript `v`-mode text: shorthands, POSIX brackets and Unicode properties.
 * Source: doc/RE and doc/UNICODE_PROPERTIES of Oniguruma 6.9, UTF-8, Ruby syntax.
 */

import { PatternSyntaxError } from './pattern-node.ts';

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]';
/** Outside a class the numbers of Latin-1, such as the superscript two, count as word characters, too. */
const LONE_WORD = `[${WORD}\\xB2\\xB3\\xB9\\xBC-\\xBE]`;
const GRAPH = '[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]';

const posixSets: ReadonlyMap<string, string> = new Map([
  ['alnum', '[\\p{Alphabetic}\\p{Nd}]'],
  ['alpha', '\\p{Alphabetic}'],
  ['ascii', '[\\x00-\\x7F]'],
  ['blank', '[\\t\\p{Zs}]'],
  ['cntrl', '\\p{Cc}'],
  ['digit', '\\p{Nd}'],
  ['graph', GRAPH],
  ['lower', '\\p{Lowercase}'],
  ['print', `[${GRAPH}\\p{Zs}]`],
  ['punct', '[\\p{P}\\p{S}]'],
  ['space', '\\p{White_Space}'],
  ['upper', '\\p{Uppercase}'],
  ['word', WORD],
  ['xdigit', '[0-9A-Fa-f]'],
]);

/** Sets outside a class that differ from those inside one. */
const loneSets: ReadonlyMap<string, string> = new Map([[WORD, LONE_WORD]]);

/** Shorthand letters; the capital letter is the complement. `\s` is not JavaScript's, which holds U+FEFF. */
const shorthands: ReadonlyMap<string, string> = new Map([
  ['d', '\\p{Nd}'],
  ['h', '[0-9A-Fa-f]'],
  ['s', '\\p{White_Space}'],
  ['w', WORD],
]);

/** The set of `\d`, `\W` and so on, or undefined for any other letter. */
export function shorthandSet(letter: string, insideClass: boolean): string | undefined {
  const set = shorthands.get(letter.toLowerCase());
  return set === undefined ? undefined : place(set, insideClass, letter !== letter.toLowerCase());
}

/** The set of `[:name:]` or `[:^name:]`. */
export function posixSet(name: string, negated: boolean): string {
  const set = posixSets.get(name);
  if (set === undefined)
    throw new PatternSyntaxError(`one of [:${[...posixSets.keys()].join(':], [:')}:]`, `[:${name}:]`);
  return negated ? complement(set) : set;
}

/** The set of `\p{name}`: a POSIX name, a general category, a binary property or a script, loosely spelt. */
export function propertySet(name: string, insideClass: boolean, negated: boolean): string {
  const set = findProperty(name);
  if (set === undefined) throw new PatternSyntaxError('a Unicode category, property or script', `\\p{${name}}`);
  return place(set, insideClass, negated);
}

/** The word boundary `\b`, or `\B`, over Oniguruma's word characters. */
export function wordBoundary(negated: boolean): string {
  return negated
    ? `(?:(?<=${LONE_WORD})(?=${LONE_WORD})|(?<!${LONE_WORD})(?!${LONE_WORD}))`
    : `(?:(?<=${LONE_WORD})(?!${LONE_WORD})|(?<!${LONE_WORD})(?=${LONE_WORD}))`;
}

export function complement(set: string): string {
  return `[^${set}]`;
}

function place(set: string, insideClass: boolean, negated: boolean): string {
  const placed = insideClass ? set : (loneSets.get(set) ?? set);
  return negated ? complement(placed) : placed;
}

function findProperty(name: string): string | undefined {
  const loose = name.toLowerCase().replaceAll(/[\s_-]/g, '');
  if (loose === 'any') return '[^]';
  // The bracket [:punct:] holds symbols, too; the property does not.
  if (loose === 'punct') return '\\p{P}';
  const posix = posixSets.get(loose);
  if (posix !== undefined) return posix;
  const title = name
    .split(/[\s_-]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join('_');
  return [name, `Script=${name}`, title, `Script=${title}`].map((it) => `\\p{${it}}`).find(isProperty);
}

function isProperty(source: string): boolean {
  if (!/^\\p\{[A-Za-z0-9_=]+\}$/.test(source)) return false;
  try {
    // The u flag, as v would also take properties of strings, which are no character sets.
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}
