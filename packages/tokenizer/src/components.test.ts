import { describe, expect, test } from 'vitest';
import { createNormalizer } from './normalizer.ts';
import { createPreTokenizer } from './pre-tokenizer.ts';

describe('normalizers', () => {
  const sample = 'é e\u0301 ﬁ ² 한';

  test.each(['NFC', 'NFD', 'NFKC', 'NFKD'])('%s', (type) => {
    expect(createNormalizer({ type })(sample)).toBe(sample.normalize(type));
  });

  test('Prepend leaves an empty text empty', () => {
    const prepend = createNormalizer({ type: 'Prepend', prepend: '▁' });
    expect([prepend('a'), prepend('')]).toEqual(['▁a', '']);
  });

  test('Replace takes its content literally', () => {
    expect(createNormalizer({ type: 'Replace', pattern: { String: '.' }, content: '$&$1' })('a.b.')).toBe('a$&$1b$&$1');
    expect(createNormalizer({ type: 'Replace', pattern: { Regex: '(\\s)+' }, content: '$1' })('a \ufeff b')).toBe(
      'a$1\ufeff$1b',
    );
  });

  test('Sequence goes in order', () => {
    const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
    const normalize = createNormalizer({ type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: ' ' }, replace] });
    expect(normalize('a b')).toBe('▁a▁b');
  });

  test('null changes nothing', () => {
    expect(createNormalizer(null)(sample)).toBe(sample);
  });

  test('an error names the step', () => {
    const value = { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] };
    expect(() => createNormalizer(value)).toThrow(/normalizer.normalizers\[1\].type: .* got "Lowercase"/);
  });
});

describe('pre-tokenizers', () => {
  function words(value: Parameters<typeof createPreTokenizer>[0], text: string): string[] {
    const found: string[] = [];
    createPreTokenizer(value).split(text, (word) => found.push(word));
    return found;
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, use_regex: true };

  test('null leaves the text whole, and no text without words', () => {
    expect(words(null, 'a b')).toEqual(['a b']);
    expect(words(null, '')).toEqual([]);
  });

  test("ByteLevel cuts GPT-2's words", () => {
    expect(words(byteLevel, "It's 12 o'clock!\n\n  go")).toEqual([
      'It',
      "'s",
      ' 12',
      ' o',
      "'",
      'clock',
      '!',
      '\n\n ',
      ' go',
    ]);
    expect(words({ ...byteLevel, add_prefix_space: true }, 'a b')).toEqual([' a', ' b']);
    expect(words({ ...byteLevel, add_prefix_space: true }, ' a')).toEqual([' a']);
    expect(words({ ...byteLevel, use_regex: false }, 'a b')).toEqual(['a b']);
  });

  test('Digits cuts numbers of any script', () => {
    expect(words({ type: 'Digits', individual_digits: true }, 'a12٣b')).toEqual(['a', '1', '2', '٣', 'b']);
    expect(words({ type: 'Digits', individual_digits: false }, 'a12٣b')).toEqual(['a', '12٣', 'b']);
  });

  test('Sequence cuts further at each step', () => {
    const split = { type: 'Split', pattern: { String: '-' }, behavior: 'MergedWithNext' };
    const value = { type: 'Sequence', pretokenizers: [split, { type: 'Digits', individual_digits: true }, byteLevel] };
    expect(words(value, 'a b-12')).toEqual(['a', ' b', '-', '1', '2']);
  });

  test('bytes are written out for a step behind ByteLevel', () => {
    const split = { type: 'Split', pattern: { String: 'Ġ' }, behavior: 'Isolated' };
    const value = { type: 'Sequence', pretokenizers: [{ ...byteLevel, use_regex: false }, split] };
    expect(words(value, 'é b')).toEqual(['Ã©', 'Ġ', 'b']);
    expect(createPreTokenizer(value).byteLevel).toBe(false);
  });
});
