import { CheckpointError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { parseJsonObject, parseStrictJson } from './strict-json.ts';

describe('parseStrictJson', () => {
  test.each([
    '{}',
    '[]',
    ' [1, -0, 2.5e-3, 1E+2, 0.125] ',
    '{"a":{"b":[true,false,null,"x"]},"":0}',
    '"\\u00e9\\n\\\\\\"/ \\ud83d\\ude00 é 😀"',
    '\t\r\n{ "a" : [ ] , "b" : { } }\n',
    '-12',
    '{"constructor":1,"toString":2}',
  ])('agrees with JSON.parse on %s', (text) => {
    expect(parseStrictJson(text, 'f')).toEqual(JSON.parse(text));
  });

  test.each([
    '',
    ' ',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{a:1}',
    '[1,]',
    '[1 2]',
    '[',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    'NaN',
    'Infinity',
    'undefined',
    'truex',
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\\',
    '"a\nb"',
    '\ufeff{}',
    '{}{}',
    '{"a":1}}',
    '[]]',
    '\u0000',
  ])('refuses %j, as JSON.parse does', (text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(() => parseStrictJson(text, 'f')).toThrow(CheckpointError);
  });

  test('refuses the second of two equal keys, escaped or not, and says where', () => {
    const parse = () => parseStrictJson('{\n "a": 1,\n "\\u0061": 2}', 'config.json');
    expect(parse).toThrow('config.json: line 3, column 2: expected the key "a" only once');
  });

  test('refuses __proto__ as a key', () => {
    expect(() => parseStrictJson('{"a":{"__proto__":{"polluted":1}}}', 'f')).toThrow(CheckpointError);
    expect(() => parseStrictJson('{"__proto\\u005f_":1}', 'f')).toThrow(CheckpointError);
  });

  test.each(['[', '{"a":'])('refuses a million levels of %s', (opening) => {
    expect(() => parseStrictJson(opening.repeat(1e6), 'f')).toThrow('levels of nesting');
  });

  test('accepts 64 levels', () => {
    expect(parseStrictJson(`${'['.repeat(64)}${']'.repeat(64)}`, 'f')).toBeInstanceOf(Array);
  });
});

test.each(['[]', '1', 'null', '"{}"'])('parseJsonObject refuses %s', (text) => {
  expect(() => parseJsonObject(text, 'f')).toThrow('expected a JSON object');
});
