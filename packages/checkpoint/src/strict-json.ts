/**
 * A JSON parser for files nobody vouches for: refuses duplicate keys, the key `__proto__`, deep nesting and anything that
 * RFC 8259 does not allow, and says at which line and column. `JSON.parse` keeps the last of two equal keys and says nothing.
 */
import { failure, quote } from './fail.ts';

const deepest = 64;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const whitespace = /[ \t\n\r]*/y;
const literals: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/** The value of a JSON text. `file` names it in errors. Throws `CheckpointError`. */
export function parseStrictJson(text: string, file: string): unknown {
  let position = 0;

  const fail = (expected: string, at = position, fix = 'correct the JSON, or write the file again'): never => {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    const found = at >= text.length ? 'the end of the text' : quote(text.slice(at, at + 16));
    throw failure({ where: `${file}: line ${line}, column ${column}`, expected, got: found, fix });
  };

  const skipWhitespace = (): void => {
    whitespace.lastIndex = position;
    whitespace.test(text);
    position = whitespace.lastIndex;
  };

  const parseString = (): string => {
    const start = position;
    if (text.charCodeAt(position) !== 0x22) fail('a string');
    let plain = true;
    for (position++; ; position++) {
      const code = text.charCodeAt(position);
      if (Number.isNaN(code) || code < 0x20) fail('the closing quote of a string');
      if (code === 0x22) break;
      if (code === 0x5c) {
        plain = false;
        position++;
      }
    }
    position++;
    if (plain) return text.slice(start + 1, position - 1);
    try {
      return JSON.parse(text.slice(start, position)) as string;
    } catch {
      return fail('a string with valid escapes', start);
    }
  };

  const parseNumber = (): number => {
    number.lastIndex = position;
    const match = number.exec(text);
    if (match === null) return fail('a value');
    position = number.lastIndex;
    return Number(match[0]);
  };

  const parseArray = (depth: number): unknown[] => {
    const values: unknown[] = [];
    position++;
    skipWhitespace();
    if (text[position] === ']') {
      position++;
      return values;
    }
    for (;;) {
      values.push(parseValue(depth + 1));
      if (text[position] === ']') break;
      if (text[position] !== ',') fail("',' or ']'");
      position++;
    }
    position++;
    return values;
  };

  const parseObject = (depth: number): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    position++;
    skipWhitespace();
    if (text[position] === '}') {
      position++;
      return object;
    }
    for (;;) {
      skipWhitespace();
      const start = position;
      const key = parseString();
      if (key === '__proto__')
        fail('no key "__proto__"', start, 'rename it: the name could replace the prototype of objects');
      if (Object.hasOwn(object, key)) fail(`the key ${quote(key)} only once`, start, 'remove one of the two');
      skipWhitespace();
      if (text[position] !== ':') fail("':'");
      position++;
      object[key] = parseValue(depth + 1);
      if (text[position] === '}') break;
      if (text[position] !== ',') fail("',' or '}'");
      position++;
    }
    position++;
    return object;
  };

  /** Leaves `position` at the next character that is not white space. */
  const parseValue = (depth: number): unknown => {
    skipWhitespace();
    if (depth > deepest) fail(`at most ${deepest} levels of nesting`);
    const value = parseBareValue(depth);
    skipWhitespace();
    return value;
  };

  const parseBareValue = (depth: number): unknown => {
    const first = text[position];
    if (first === '{') return parseObject(depth);
    if (first === '[') return parseArray(depth);
    if (first === '"') return parseString();
    for (const [word, value] of literals) {
      if (text.startsWith(word, position)) {
        position += word.length;
        return value;
      }
    }
    return parseNumber();
  };

  const value = parseValue(0);
  if (position !== text.length) fail('nothing after the value');
  return value;
}

/** As `parseStrictJson`, for files whose value must be an object. */
export function parseJsonObject(text: string, file: string): Record<string, unknown> {
  const value = parseStrictJson(text, file);
  if (isJsonObject(value)) return value;
  const got = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
  throw failure({ where: file, expected: 'a JSON object', got, fix: 'write { … } with the keys of the format' });
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
