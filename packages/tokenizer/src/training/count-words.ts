/** The first pass of training: texts to word counts. */

import { TokenizerError } from '@yoco-u/spec';
import { describe } from '../json-reader.ts';
import { createWordCounts, type WordCounts } from './word-counts.ts';
import { createWordCursor } from './word-cursor.ts';
import type { WorkSlices } from './work-slices.ts';

export interface CountOptions {
  readonly pattern: RegExp;
  /** Cuts a text before words are looked for; what it matches is not counted. */
  readonly separator: RegExp | undefined;
  readonly slices: WorkSlices;
  /** UTF-16 units counted so far. */
  readonly onProgress: (done: number) => void;
}

/** Words between two looks at the clock: under a millisecond for prose. */
const WORDS_AT_ONCE = 1024;

/** @throws TokenizerError for a text that is no string */
export async function countWords(
  texts: AsyncIterable<string> | Iterable<string>,
  { pattern, separator, slices, onProgress }: CountOptions,
): Promise<WordCounts> {
  const counts = createWordCounts();
  let index = 0;
  let textStart = 0;
  let done = 0;
  for await (const text of texts) {
    checkText(text, index++);
    for (const section of separator === undefined ? [text] : text.split(separator)) {
      const cursor = createWordCursor(pattern, wellFormed(section));
      while (cursor.advance(WORDS_AT_ONCE, counts.add)) {
        if (!slices.due()) continue;
        onProgress(done + cursor.position());
        await slices.next();
      }
      done += section.length;
    }
    textStart += text.length;
    done = textStart;
    if (!slices.due()) continue;
    onProgress(done);
    await slices.next();
  }
  onProgress(done);
  return counts;
}

function checkText(text: unknown, index: number): void {
  if (typeof text === 'string') return;
  throw new TokenizerError({ where: `trainTokenizer: text ${index}`, expected: 'a string', got: describe(text) });
}

/** Words as the encoder will see them, which replaces lone surrogates first. */
function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
