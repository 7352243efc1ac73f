import { TokenizerError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { processorTime } from './__fixtures__/processor-time.ts';
import { type EditableJson, storiesJson, storiesText } from './__fixtures__/stories.ts';
import { parseTokenizer, serializeTokenizer } from './parse-tokenizer.ts';

describe('reading and writing', () => {
  test('keeps every key', () => {
    expect(JSON.parse(serializeTokenizer(parseTokenizer(storiesText)))).toEqual(JSON.parse(storiesText));
  });

  test('keeps keys it does not know, and those it does not act on', () => {
    const json = storiesJson({
      truncation: { max_length: 7, strategy: 'LongestFirst' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ Sequence: { id: 'A', type_id: 0 } }],
        special_tokens: {},
      },
      extra: { deep: [1, { '': null }] },
    });
    json.added_tokens[0].note = 'kept';
    json.model.own = true;
    json.normalizer = { type: 'Sequence', normalizers: [{ type: 'NFC' }], note: 1 };
    const written = serializeTokenizer(parseTokenizer(json));
    expect(JSON.parse(written)).toEqual(json);
    expect(serializeTokenizer(parseTokenizer(written))).toBe(written);
  });

  test('keeps merges in the notation they came in', () => {
    const json = storiesJson();
    json.model.merges = (json.model.merges as [string, string][]).map((pair) => pair.join(' '));
    const tokenizer = parseTokenizer(json);
    expect(JSON.parse(serializeTokenizer(tokenizer))).toEqual(json);
    expect(tokenizer.encode('a whale of a time')).toEqual(parseTokenizer(storiesText).encode('a whale of a time'));
  });

  test('a value is copied', () => {
    const json = storiesJson();
    const tokenizer = parseTokenizer(json);
    json.model.vocab = {};
    json.model.merges.length = 0;
    json.added_tokens.length = 0;
    (json.decoder as Record<string, unknown>).type = 'changed';
    expect(JSON.parse(serializeTokenizer(tokenizer))).toEqual(JSON.parse(storiesText));
  });

  test('tokens named like parts of objects are tokens', () => {
    const text =
      '{"model":{"vocab":{"__proto__":0,"constructor":1,"a":2,"7":3},"merges":[]},"decoder":{"type":"Fuse"}}';
    const tokenizer = parseTokenizer(text);
    expect(tokenizer.decode([0, 1, 2, 3])).toBe('__proto__constructora7');
    const written = JSON.parse(serializeTokenizer(tokenizer)) as { model: { vocab: object } };
    expect(Object.entries(written.model.vocab).sort(([, a], [, b]) => a - b)).toEqual([
      ['__proto__', 0],
      ['constructor', 1],
      ['a', 2],
      ['7', 3],
    ]);
  });

  test('a byte order mark in front is skipped', () => {
    expect(parseTokenizer(`\ufeff${storiesText}`).vocabularySize).toBe(2048);
  });

  test('only what was read can be written', () => {
    const { definition: _, ...bare } = parseTokenizer(storiesText);
    expect(() => serializeTokenizer(bare as ReturnType<typeof parseTokenizer>)).toThrow(TokenizerError);
  });
});

describe('hostile files', () => {
  const edit = (change: (json: EditableJson) => void): EditableJson => {
    const json = storiesJson();
    change(json);
    return json;
  };
  const component = (key: string, value: unknown) => edit((json) => Object.assign(json, { [key]: value }));
  const model = (changes: object) => edit((json) => Object.assign(json.model, changes));
  const regex = (pattern: string) =>
    component('pre_tokenizer', { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' });

  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{"model":', /the text: expected valid JSON/],
    ['null', null, /the file: expected an object, got null/],
    ['a number', 7, /the file: expected an object, got 7/],
    ['no model', {}, /model: expected an object, got nothing/],
    ['another model', model({ type: 'Unigram' }), /model.type: expected "BPE", got "Unigram"/],
    ['no vocabulary', model({ vocab: undefined }), /model.vocab: expected an object, got nothing/],
    ['an empty vocabulary', { model: { vocab: {}, merges: [] } }, /model.vocab: expected at least one token/],
    ['a vocabulary list', model({ vocab: ['a'] }), /model.vocab: expected an object, got an array of 1/],
    ['no merges', model({ merges: undefined }), /model.merges: expected an array, got nothing/],
    ['a negative id', edit((json) => Object.assign(json.model.vocab, { a: -1 })), /model.vocab\["a"\]: .* got -1/],
    ['a fractional id', edit((json) => Object.assign(json.model.vocab, { a: 0.5 })), /model.vocab\["a"\]: .* got 0.5/],
    ['an id as text', edit((json) => Object.assign(json.model.vocab, { a: '5' })), /model.vocab\["a"\]: .* got "5"/],
    ['a huge id', edit((json) => Object.assign(json.model.vocab, { a: 2 ** 52 })), /from 0 to 2047 without holes/],
    ['an infinite id', storiesText.replace('"0":48', '"0":1e999'), /model.vocab\["0"\]: .* got Infinity/],
    ['a duplicate id', edit((json) => Object.assign(json.model.vocab, { a: 7 })), /an id of its own, got 7/],
    ['a hole', edit((json) => Object.assign(json.model.vocab, { a: 2048 })), /without holes.* got 2048/],
    [
      'a duplicate added token',
      edit((json) => json.added_tokens.push(json.added_tokens[0])),
      /added_tokens\[1\].content: expected each token once/,
    ],
    [
      'an added token with the id of another',
      edit((json) => json.added_tokens.push({ id: 5, content: '<x>' })),
      /added_tokens\[1\].id: expected an id of its own/,
    ],
    [
      'an added token that contradicts',
      edit((json) => json.added_tokens.push({ id: 2048, content: 'a' })),
      /added_tokens\[1\].id: expected 97/,
    ],
    [
      'an added token beyond a hole',
      edit((json) => json.added_tokens.push({ id: 4_000_000_000, content: '<x>' })),
      /without holes/,
    ],
    [
      'an added token without id',
      edit((json) => json.added_tokens.push({ content: '<x>' })),
      /added_tokens\[1\].id: .* got nothing/,
    ],
    [
      'an added token without text',
      edit((json) => json.added_tokens.push({ id: 2048, content: '' })),
      /added_tokens\[1\].content/,
    ],
    [
      'an added token that is no object',
      edit((json) => Object.assign(json, { added_tokens: [3] })),
      /added_tokens\[0\]: expected an object, got 3/,
    ],
    [
      'a flag that is none',
      edit((json) => Object.assign(json.added_tokens[0], { lstrip: 'no' })),
      /added_tokens\[0\].lstrip: expected true or false/,
    ],
    [
      'a merge of unknown tokens',
      edit((json) => json.model.merges.push(['a', 'zzzz'])),
      /model.merges\[\d+\]: .* got "zzzz"/,
    ],
    [
      'a merge to an unknown token',
      edit((json) => json.model.merges.push(['~', '~'])),
      /model.merges\[\d+\]: .* got "~~"/,
    ],
    [
      'a merge of three',
      edit((json) => json.model.merges.push(['a', 'b', 'c'])),
      /model.merges\[\d+\]: .* got an array of 3/,
    ],
    ['a merge of one', edit((json) => json.model.merges.push('ab')), /model.merges\[\d+\]: .* got "ab"/],
    ['a merge that is null', edit((json) => json.model.merges.push(null)), /model.merges\[\d+\]: .* got null/],
    ['dropout', model({ dropout: 0.1 }), /model.dropout: expected null or 0, got 0.1/],
    ['a suffix', model({ end_of_word_suffix: '</w>' }), /model.end_of_word_suffix/],
    ['a prefix', model({ continuing_subword_prefix: '##' }), /model.continuing_subword_prefix/],
    ['an unknown token that is none', model({ unk_token: 'zzzz' }), /model.unk_token: .* got "zzzz"/],
    [
      'another normalizer',
      component('normalizer', { type: 'Precompiled' }),
      /normalizer.type: expected one of NFC.* got "Precompiled"/,
    ],
    [
      'another pre-tokenizer',
      component('pre_tokenizer', { type: 'Metaspace' }),
      /pre_tokenizer.type: expected one of ByteLevel.* got "Metaspace"/,
    ],
    ['a component named like a part of objects', component('normalizer', { type: 'constructor' }), /normalizer.type/],
    ['a component without type', component('decoder', {}), /decoder.type: .* got nothing/],
    ['a component that is text', component('normalizer', 'NFC'), /normalizer: expected an object, got "NFC"/],
    [
      'another behavior',
      component('pre_tokenizer', { type: 'Split', pattern: { String: ' ' }, behavior: 'Odd' }),
      /pre_tokenizer.behavior: .* got "Odd"/,
    ],
    [
      'no pattern',
      component('pre_tokenizer', { type: 'Split', behavior: 'Isolated' }),
      /pre_tokenizer.pattern: .* got nothing/,
    ],
    ['a pattern out of order', regex('a{3,2}'), /pre_tokenizer.pattern.Regex: expected an ascending repetition/],
    [
      'a pattern too large',
      regex('(?:(?:a{1000}){1000}){1000}'),
      /pre_tokenizer.pattern.Regex: expected at most 10000 characters and sets, got 1000000000/,
    ],
    [
      'a pattern with deep groups',
      regex('('.repeat(100_000)),
      /pre_tokenizer.pattern.Regex: expected a pattern of at most/,
    ],
    [
      'a pattern with many groups',
      regex('('.repeat(16_000)),
      /pre_tokenizer.pattern.Regex: expected at most 64 nested groups/,
    ],
    [
      'a pattern with deep classes',
      regex('['.repeat(16_000)),
      /pre_tokenizer.pattern.Regex: expected at most 32 nested classes/,
    ],
    ['deep text', '['.repeat(10_000_000), /nesting of at most 64 levels/],
    ['deep text inside a key', `{"a":${'{"b":'.repeat(10_000_000)}`, /nesting of at most 64 levels/],
    ['text that never ends', `"${'\\'.repeat(1_000_001)}`, /the text: expected valid JSON/],
  ];

  test.each(cases)('%s', (_name, json, message) => {
    let error: unknown;
    const milliseconds = processorTime(() => {
      try {
        parseTokenizer(json);
      } catch (caught) {
        error = caught;
      }
    });
    expect(error).toBeInstanceOf(TokenizerError);
    const text = (error as TokenizerError).message;
    expect(text).toMatch(message);
    expect(text.length).toBeLessThan(500);
    expect(milliseconds).toBeLessThan(2000);
  });

  test('values nested deeply or in a circle', () => {
    let deep: unknown = { type: 'NFC' };
    for (let level = 0; level < 100_000; level++) deep = { type: 'Sequence', normalizers: [deep] };
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const key of ['normalizer', 'post_processor', 'other']) {
      expect(() => parseTokenizer(component(key, deep), 'some/t.json')).toThrow(
        /^some\/t\.json: .*nesting of at most 64 levels/,
      );
      expect(() => parseTokenizer(component(key, circle))).toThrow(/nesting of at most 64 levels/);
    }
  });
});
