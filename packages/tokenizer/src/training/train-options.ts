/** Options of training, and their check before any text is read. */

import { TokenizerError } from '@yoco-u/spec';
import { byteCharacter } from '../byte-alphabet.ts';
import { describe } from '../json-reader.ts';
import { compileLiteral, compilePattern } from '../pattern/compile-pattern.ts';

/** How far training is; passed on about ten times a second. */
export interface TrainTokenizerProgress {
  readonly phase: 'counting' | 'merging';
  /** Counting: UTF-16 units of text. Merging: tokens. */
  readonly done: number;
  /** Undefined while counting texts that do not come in an array. */
  readonly total: number | undefined;
}

export interface TrainTokenizerOptions {
  /** Tokens to end with: 256 bytes, one a merge, and the special tokens. From 256 and the special tokens to 2^20. */
  readonly vocabularySize: number;
  /** Get the last ids, in this order. Texts are cut where they hold one, and nothing is learned from it. */
  readonly specialTokens?: readonly string[];
  /** Pairs that occur less often do not merge: at least 1. Default 2. */
  readonly minFrequency?: number;
  /** The words that pairs merge in, in Oniguruma's syntax; what lies between matches is a word, too. */
  readonly pattern?: string;
  readonly onProgress?: (progress: TrainTokenizerProgress) => void;
  /** Told when the vocabulary gets smaller than asked for, or when rare words were left out to save memory. */
  readonly onWarning?: (message: string) => void;
  /** Training stops at most 200 ms after it is aborted. */
  readonly signal?: AbortSignal;
}

export interface CheckedOptions {
  readonly specialTokens: readonly string[];
  readonly minFrequency: number;
  readonly pattern: string;
  readonly words: RegExp;
  /** Matches any special token; undefined if there is none. */
  readonly separator: RegExp | undefined;
}

/**
 * Contractions, then letters, up to three digits or other characters, each with a space in front, then white space. Not
 * `\s`, as JavaScript counts U+FEFF among it and others do not.
 */
const defaultPattern =
  "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}{1,3}| ?[^\\p{White_Space}\\p{L}\\p{N}]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+";

const LARGEST_VOCABULARY = 2 ** 20;

/** @throws TokenizerError for an option out of range */
export function checkTrainOptions(options: TrainTokenizerOptions): CheckedOptions {
  const { vocabularySize, specialTokens = [], minFrequency = 2, pattern = defaultPattern } = options;
  checkSpecialTokens(specialTokens);
  const least = 256 + specialTokens.length;
  if (!Number.isInteger(vocabularySize) || vocabularySize < least || vocabularySize > LARGEST_VOCABULARY) {
    fail(
      'vocabularySize',
      `an integer from ${least} (256 bytes and ${specialTokens.length} special tokens) to ${LARGEST_VOCABULARY}`,
      describe(vocabularySize),
    );
  }
  if (!Number.isSafeInteger(minFrequency) || minFrequency < 1) {
    fail('minFrequency', 'an integer of at least 1', describe(minFrequency));
  }
  if (typeof pattern !== 'string') fail('pattern', 'a text', describe(pattern));
  return {
    specialTokens: [...specialTokens],
    minFrequency,
    pattern,
    words: compilePattern(pattern, 'pattern'),
    separator: createSeparator(specialTokens),
  };
}

/** @throws TokenizerError for what holds no texts, or is one */
export function checkTexts(texts: unknown): void {
  if (typeof texts === 'object' && texts !== null && (Symbol.iterator in texts || Symbol.asyncIterator in texts))
    return;
  fail('texts', 'an iterable of strings', describe(texts), 'put a single text into an array');
}

function checkSpecialTokens(tokens: readonly string[]): void {
  const bytes = new Set(Array.from({ length: 256 }, (_, byte) => byteCharacter(byte)));
  for (const [index, token] of tokens.entries()) {
    const where = `specialTokens[${index}]`;
    if (typeof token !== 'string' || token === '') fail(where, 'a text of at least one character', describe(token));
    if (/\p{Cs}/u.test(token)) fail(where, 'no lone surrogates', describe(token));
    if (bytes.has(token)) fail(where, 'a text that is no token of a byte', describe(token), 'take a longer one');
    if (tokens.indexOf(token) !== index) fail(where, 'each token once', describe(token));
  }
}

/** The longest first, as the encoder prefers it where two start at one place. */
function createSeparator(tokens: readonly string[]): RegExp | undefined {
  if (tokens.length === 0) return undefined;
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((token) => compileLiteral(token).source).join('|'), 'v');
}

function fail(where: string, expected: string, got: string, fix?: string): never {
  throw new TokenizerError({
    where: `trainTokenizer: ${where}`,
    expected,
    got,
    ...(fix === undefined ? {} : { fix }),
  });
}
