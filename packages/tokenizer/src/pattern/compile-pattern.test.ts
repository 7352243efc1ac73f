import { TokenizerError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { compileLiteral, compilePattern } from './compile-pattern.ts';

const matches = (pattern: string, text: string) => text.match(compilePattern(pattern, 'key'));

describe('white space is what Unicode says it is', () => {
  test.each(['\\s', '[\\s]', '[^\\S]', '[[:space:]]', '\\p{White_Space}', '[\\s&&[^x]]'])('%s', (pattern) => {
    expect(
      matches(`${pattern}+`, 'a \t\n\u000b\f\r\u0085\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000b'),
    ).toHaveLength(1);
    expect(matches(pattern, '\ufeff\u200b\u180e\u001fx')).toBeNull();
  });

  test('and the complement is the rest', () => {
    for (const pattern of ['\\S', '[\\S]', '[^\\s]'])
      expect(matches(pattern, '\u0085\ufeff😀')).toEqual(['\ufeff', '😀']);
  });
});

/** Pattern, text, matches: what Oniguruma finds (checked with Hugging Face tokenizers 0.23.2 for Python). */
const cases: readonly (readonly [string, string, readonly string[] | null])[] = [
  // Quantifiers
  ['a++b|a', 'aaab', ['aaab']],
  ['a++a', 'aaaa', null],
  ['(?:a?+)a', 'a', null],
  ['(?>a|ab)c|.', 'abc', ['a', 'b', 'c']],
  ['(?>ab|a)c|.', 'abc', ['abc']],
  ['x(?:a*+|b)c', 'xaac xbc xc', ['xaac', 'xbc', 'xc']],
  ['(?:a++|b++)+c', 'aabbaac', ['aabbaac']],
  ['a{2}+', 'aaaaa', ['aaaa']],
  ['a{2}?b', 'aab b', ['aab', 'b']],
  ['a{1,2}?', 'aaa', ['a', 'a', 'a']],
  ['a{,2}b', 'aaab', ['aab']],
  ['a*?b|a+?', 'aab', ['aab']],
  ['{|a{|}', 'a{}{', ['a{', '}', '{']],
  // Anchors and the dot
  ['^.', 'ab\ncd', ['a', 'c']],
  ['.$', 'ab\ncd', ['b', 'd']],
  ['\\A.|.\\z', 'ab\ncd', ['a', 'd']],
  ['.(?=\\Z)', 'ab\n', ['b']],
  ['.+', 'a\r\u2028b\nc', ['a\r\u2028b', 'c']],
  ['(?m:.+)', 'a\nb', ['a\nb']],
  // Case
  ["(?i:'s|'ll)", "'S 'ſ 'lL s", ["'S", "'ſ", "'lL"]],
  ['(?i:k)k', 'Kk Kk kk kK', ['Kk', 'Kk', 'kk']],
  ['(?i)[a-c]+', 'aBCd', ['aBC']],
  ['(?i:[^a-c]+)', 'xAYb', ['x', 'Y']],
  ['(?i:σ)', 'σςΣs', ['σ', 'ς', 'Σ']],
  ['(?i:a(?-i:b))', 'ab Ab AB', ['ab', 'Ab']],
  ['(?i:[\\p{Lu}])', 'aB1', ['a', 'B']],
  ['(?i:\\p{Lu})', 'aB1', ['B']],
  // Classes
  ['[]a]+', 'a]b', ['a]']],
  ['[a\\]-]+', 'a]-b', ['a]-']],
  ['[a-c-e]+', 'b-ed', ['b-e']],
  ['[\\w-]+', 'a-b.c', ['a-b', 'c']],
  ['[+--]+', '+,-.', ['+,-']],
  ['[a-z&&[^m-p]&&[^x]]+', 'lmqxy', ['l', 'q', 'y']],
  ['[^\\w&&[^x]]+', 'a-x!', ['-x!']],
  ['[[:alpha:][:digit:]]+', 'aé٣_', ['aé٣']],
  ['[[:^alpha:]]+', 'a1é', ['1']],
  ['[()|/#&~^$.*?{}\\[\\\\]+', 'a()|/#&~^$.*?{}[\\b', ['()|/#&~^$.*?{}[\\']],
  ['[\\b]', 'a\b', ['\b']],
  ['[\\x{1F600}-\\x{1F64F}]', 'a😀', ['😀']],
  ['[\u3040-ゟ]+', 'かなカ', ['かな']],
  // Properties and escapes
  ['\\p{Han}+', 'a漢字か', ['漢字']],
  ['\\p{letter}+|\\p{nd}', 'aé1', ['aé', '1']],
  ['\\p{^L}+|\\P{N}', 'a1', ['a', '1']],
  ['\\p{Punct}+', 'a!$+b', ['!']],
  ['[[:punct:]]+', 'a!$+b', ['!$+']],
  ['\\d+', '1٣²', ['1٣']],
  ['\\h+', 'xAf0g', ['Af0']],
  ['\\w', '²x', ['²', 'x']],
  ['[\\w]', '²x', ['x']],
  ['\\W', '²-', ['-']],
  ['\\b-', '²- -', ['-']],
  ['\\w+', 'aé_1-\u0301', ['aé_1', '\u0301']],
  ['\\bx\\b', 'x éx x', ['x', 'x']],
  ['\\x41\\u0042\\t\\e\\a\\0', 'AB\t\u001b\u0007\u0000', ['AB\t\u001b\u0007\u0000']],
  // Groups
  ['(a)(?<name>b)(?#nothing)c', 'abc', ['abc']],
  ['(?<=a)b|(?<!a)c', 'ab ac bc', ['b', 'c']],
  ["a|b(?=c)|'(?!d)", "abc'd'", ['a', 'b', "'"]],
];

test.each(cases)('%s in %j', (pattern, text, expected) => {
  expect(matches(pattern, text)).toEqual(expected);
});

test.each([
  ['\\1', '"\\\\1" at 0'],
  ['(a)\\k<1>', 'an escape out of'],
  ['\\Ga', 'an escape out of'],
  ['\\R', 'an escape out of'],
  ['(?x: a b )', 'the options i and m only'],
  ['a(?i)b', 'a group out of'],
  ['(?~abc)', 'a group out of'],
  ['(?(1)a|b)', 'a group out of'],
  ['(?<=a++)b', 'no atomic group'],
  ['\\p{Nonsense}', 'a Unicode category, property or script, got \\p{Nonsense}'],
  ['\\p{RGI_Emoji}', 'a Unicode category'],
  ['[[:nonsense:]]', 'one of [:alnum:]'],
  ['[a', 'a complete pattern, got the end'],
  ['[]', 'a complete pattern'],
  ['[a&&]', 'a set with at least one character'],
  ['[&&a]', 'a set on both sides of &&'],
  ['[z-a]', 'a range that ascends'],
  ['[a-\\d]', 'a character at the end of a range'],
  ['(a', 'a closing parenthesis'],
  ['a)', 'a group before its closing parenthesis'],
  ['*a', 'something to repeat'],
  ['a\\', 'a complete pattern'],
  ['\\x{110000}', 'a code point up to 10FFFF'],
])('%s is refused, not mistranslated', (pattern, message) => {
  expect(() => compilePattern(pattern, 'key')).toThrow(TokenizerError);
  expect(() => compilePattern(pattern, 'key')).toThrow(message);
});

test('a literal matches itself only', () => {
  const text = '^$\\.*+?()[]{}|/-&&';
  expect(`x${text}x`.match(compileLiteral(text))).toEqual([text]);
});
