import { describe, expect, test } from 'vitest';
import { chunksOf, collectDocuments, loadChapters } from './__fixtures__/text.ts';
import { DataError } from './data-error.ts';
import { type JsonLinesOptions, readJsonLines } from './json-lines.ts';

const read = (text: string, options: JsonLinesOptions = {}, length = 7) =>
  collectDocuments(readJsonLines(chunksOf(text, [length]), 'corpus.jsonl', options));

describe('readJsonLines', () => {
  test('gives the texts of objects, whatever is in them', async () => {
    const texts = [...loadChapters().slice(0, 5), 'a\n<|endoftext|>\nb', '"\\\u2028\u0000😀'];
    const lines = texts.map((text) => JSON.stringify({ id: 1, text }));
    expect(await read(lines.join('\n'), {}, 1009)).toEqual(texts);
    expect(await read(`${lines.join('\r\n\r\n')}\r\n`, {}, 1009)).toEqual(texts);
    expect(await read(lines.join('\n'), { maximumLength: 100 }, 1009)).toEqual(texts);
  });

  test('takes another field, and leaves out blank texts', async () => {
    const lines = '{"story":"a","text":"b"}\n{"story":" \\n"}\n\n{"story":"c"}';
    expect(await read(lines, { field: 'story' })).toEqual(['a', 'c']);
  });

  test.each([
    ['{"text":"a"}\n{"text":', 'line 2'],
    ['["a"]', 'expected a JSON object, got an array'],
    ['null', 'expected a JSON object, got null'],
    ['{"body":"a","id":1}', 'expected text under "text", got an object with "body", "id"'],
    ['{"text":3}', 'expected text under "text", got a number'],
    ['Call me Ishmael.', 'corpus.jsonl: line 1'],
  ])('refuses %s', async (text, message) => {
    const reading = read(text);
    await expect(reading).rejects.toThrow(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  test('a field that every object inherits is none', async () => {
    await expect(read('{"text":"a"}', { field: 'constructor' })).rejects.toThrow('expected text under "constructor"');
  });
});
