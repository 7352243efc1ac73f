/**
 * Reads the regular expressions of a tokenizer.json. The files are written for Oniguruma (Ruby syntax, UTF-8), so
 * `{n,m}+` is a repeated quantifier, `^` and `$` match at lines, and `.` excludes only the line feed.
 */

import { withCaseVariants } from './case-variants.ts';
import { wordBoundary } from './character-sets.ts';
import { formatCodePoint } from './format-code-point.ts';
import { parseClass } from './parse-class.ts';
import { parseEscape } from './parse-escape.ts';
import { type PatternNode, PatternSyntaxError } from './pattern-node.ts';
import { createPatternReader, type PatternReader } from './pattern-reader.ts';

const MAXIMUM_DEPTH = 64;
/** Real patterns have a few hundred characters; a set takes an engine about 0.1 ms to compile. */
const MAXIMUM_LENGTH = 16_384;
/** Sets with counted repetitions written out, as engines do. */
const MAXIMUM_SETS = 10_000;
const MAXIMUM_COUNT = 1000;

interface Options {
  readonly ignoreCase: boolean;
  /** Sets already closed under case folding. */
  readonly variants: Map<string, string>;
  readonly dotAll: boolean;
  readonly depth: number;
}

const lineStart = '(?:^|(?<=\\n)(?!$))';
const lineEnd = '(?=\\n|$)';

const anchors: ReadonlyMap<string, string> = new Map([
  ['A', '^'],
  ['B', wordBoundary(true)],
  ['Z', '(?=\\n?$)'],
  ['b', wordBoundary(false)],
  ['z', '$'],
]);

/** @throws PatternSyntaxError */
export function parsePattern(source: string): PatternNode {
  if (source.length > MAXIMUM_LENGTH) {
    throw new PatternSyntaxError(`a pattern of at most ${MAXIMUM_LENGTH} characters`, String(source.length));
  }
  const reader = createPatternReader(source);
  const node = parseAlternation(reader, { ignoreCase: false, variants: new Map(), dotAll: false, depth: 0 });
  if (reader.peek() !== '') reader.reject('a group before its closing parenthesis');
  const sets = countSets(node);
  if (sets > MAXIMUM_SETS) throw new PatternSyntaxError(`at most ${MAXIMUM_SETS} characters and sets`, String(sets));
  return node;
}

function countSets(node: PatternNode): number {
  switch (node.kind) {
    case 'set':
    case 'assertion':
      return 1;
    case 'sequence':
      return node.items.reduce((sum, item) => sum + countSets(item), 0);
    case 'alternation':
      return node.branches.reduce((sum, branch) => sum + countSets(branch), 0);
    case 'atomic':
    case 'look':
      return countSets(node.body);
    case 'repeat':
      return node.copies * countSets(node.body);
  }
}

function parseAlternation(reader: PatternReader, outer: Options): PatternNode {
  if (outer.depth > MAXIMUM_DEPTH) reader.reject(`at most ${MAXIMUM_DEPTH} nested groups`);
  let options = outer;
  // Options at the start of a group hold to its end.
  for (let flags = takeFlags(reader, ')'); flags !== null; flags = takeFlags(reader, ')')) {
    options = applyFlags(reader, options, flags);
  }
  const branches: PatternNode[] = [];
  do branches.push(parseSequence(reader, options));
  while (reader.takeIf('|'));
  return branches.length === 1 ? branches[0] : { kind: 'alternation', branches };
}

function parseSequence(reader: PatternReader, options: Options): PatternNode {
  const items: PatternNode[] = [];
  while (reader.peek() !== '' && !reader.at('|') && !reader.at(')')) {
    if (reader.takeMatch(/\(\?#[^)]*\)/y) !== null) continue;
    items.push(parseQuantifiers(reader, parseAtom(reader, options)));
  }
  return items.length === 1 ? items[0] : { kind: 'sequence', items };
}

function parseAtom(reader: PatternReader, options: Options): PatternNode {
  if (reader.at('(')) return parseGroup(reader, options);
  if (reader.takeIf('[')) return { kind: 'set', source: parseClass(reader, (set) => closeCase(set, options)) };
  if (reader.takeIf('.')) return { kind: 'set', source: options.dotAll ? '[^]' : '[^\\n]' };
  if (reader.takeIf('^')) return { kind: 'assertion', source: lineStart };
  if (reader.takeIf('$')) return { kind: 'assertion', source: lineEnd };
  if (reader.takeMatch(/[*+?]/y) !== null) reader.reject('something to repeat', 1);
  if (!reader.takeIf('\\')) return literal(reader.take().codePointAt(0) as number, options);
  const anchor = anchors.get(reader.peek());
  if (anchor !== undefined) {
    reader.take();
    return { kind: 'assertion', source: anchor };
  }
  const escaped = parseEscape(reader, false);
  // Case folding reaches characters and classes, not \p{Lu} on its own.
  return 'set' in escaped ? { kind: 'set', source: escaped.set } : literal(escaped.codePoint, options);
}

function literal(codePoint: number, options: Options): PatternNode {
  return { kind: 'set', source: closeCase(formatCodePoint(codePoint), options) };
}

function closeCase(set: string, { ignoreCase, variants }: Options): string {
  if (!ignoreCase) return set;
  const closed = variants.get(set) ?? withCaseVariants(set);
  variants.set(set, closed);
  return closed;
}

function parseGroup(reader: PatternReader, outer: Options): PatternNode {
  const flags = takeFlags(reader, ':');
  const options = { ...applyFlags(reader, outer, flags ?? ''), depth: outer.depth + 1 };
  if (flags !== null) return closeGroup(reader, parseAlternation(reader, options));
  for (const opening of ['(?=', '(?!', '(?<=', '(?<!'] as const) {
    if (reader.takeIf(opening)) {
      return { kind: 'look', opening, body: closeGroup(reader, parseAlternation(reader, options)) };
    }
  }
  if (reader.takeIf('(?>')) return { kind: 'atomic', body: closeGroup(reader, parseAlternation(reader, options)) };
  // Nothing reads captures, so every other group only groups.
  const named = reader.takeMatch(/\(\?(?:<[A-Za-z_]\w*>|'[A-Za-z_]\w*')/y) !== null;
  if (!named && reader.at('(?'))
    reader.reject('a group out of (…) (?:…) (?i:…) (?m:…) (?>…) (?=…) (?!…) (?<=…) (?<!…)');
  if (!named) reader.take();
  return closeGroup(reader, parseAlternation(reader, options));
}

function closeGroup(reader: PatternReader, body: PatternNode): PatternNode {
  if (!reader.takeIf(')')) reader.reject('a closing parenthesis');
  return body;
}

/** Takes `(?flags:` or `(?flags)` and returns the flags, '' for `(?:`. */
function takeFlags(reader: PatternReader, end: ':' | ')'): string | null {
  const match = reader.takeMatch(
    end === ':' ? /\(\?([a-zA-Z]*(?:-[a-zA-Z]+)?):/y : /\(\?([a-zA-Z]+(?:-[a-zA-Z]+)?|-[a-zA-Z]+)\)/y,
  );
  return match === null ? null : match[1];
}

function applyFlags(reader: PatternReader, options: Options, flags: string): Options {
  const [on, off = ''] = flags.split('-');
  if (/[^im]/.test(on + off)) reader.reject('the options i and m only', flags.length + 3);
  return {
    ...options,
    ignoreCase: (options.ignoreCase || on.includes('i')) && !off.includes('i'),
    dotAll: (options.dotAll || on.includes('m')) && !off.includes('m'),
  };
}

function parseQuantifiers(reader: PatternReader, atom: PatternNode): PatternNode {
  let node = atom;
  for (;;) {
    const simple = reader.takeMatch(/([*+?])([?+]?)/y);
    if (simple !== null) {
      const [, quantifier, suffix] = simple;
      const body: PatternNode = {
        kind: 'repeat',
        copies: 1,
        body: node,
        quantifier: suffix === '?' ? `${quantifier}?` : quantifier,
      };
      node = suffix === '+' ? { kind: 'atomic', body } : body;
      continue;
    }
    // Other braces stand for themselves.
    const counted = reader.takeMatch(/\{(?:(\d+)(,?)(\d*)|(,)(\d+))\}/y);
    if (counted === null) return node;
    node = parseCounted(reader, node, counted);
  }
}

function parseCounted(reader: PatternReader, body: PatternNode, match: RegExpExecArray): PatternNode {
  const [text, low = '0', comma = match[4], high = match[5]] = match;
  const minimum = Number(low);
  const maximum = comma === '' ? minimum : high === '' ? Number.POSITIVE_INFINITY : Number(high);
  if (minimum > maximum || Math.max(minimum, Number(high)) > MAXIMUM_COUNT) {
    reader.reject(`an ascending repetition of at most ${MAXIMUM_COUNT}`, text.length);
  }
  const quantifier = comma === '' ? `{${minimum}}` : `{${minimum},${high}}`;
  // After {n} a question mark makes the whole optional; after a range it makes it lazy.
  const lazy = comma !== '' && reader.takeIf('?');
  return {
    kind: 'repeat',
    copies: Math.max(1, minimum, Number(high)),
    body,
    quantifier: lazy ? `${quantifier}?` : quantifier,
  };
}
