/** Training: texts to a tokenizer. */

import type { BpeTokenizer } from '../bpe-tokenizer.ts';
import { parseTokenizer } from '../parse-tokenizer.ts';
import { countWords } from './count-words.ts';
import { learnMerges } from './learn-merges.ts';
import { createSymbolCorpus } from './symbol-corpus.ts';
import { type CheckedOptions, checkTexts, checkTrainOptions, type TrainTokenizerOptions } from './train-options.ts';
import { createTrainedJson } from './trained-json.ts';
import { createWorkSlices, type WorkSlices } from './work-slices.ts';

/**
 * Trains a byte-level BPE tokenizer (Sennrich et al. 2016, arXiv 1508.07909; bytes as in Radford et al. 2019).
 *
 * Every text is a document of its own: no word reaches from one into the next. The same texts and options give the same
 * tokenizer: of pairs that are equally frequent the one of the lower left id merges first, then of the lower right id,
 * where ids are the byte's value, or follow the order of merging. A pair of three equal symbols is counted twice.
 *
 * With too little text the vocabulary gets smaller than asked for: see `vocabularySize` of the result, and `onWarning`.
 * Memory does not depend on the length of the texts: of more than 2^20 different words, or 2^23 UTF-16 units of them,
 * the rarest are forgotten.
 *
 * @throws TokenizerError for options out of range, a pattern that cannot be used, or a text that is no string
 * @throws the signal's reason once it is aborted
 */
export async function trainTokenizer(
  texts: AsyncIterable<string> | Iterable<string>,
  options: TrainTokenizerOptions,
): Promise<BpeTokenizer> {
  checkTexts(texts);
  const checked = checkTrainOptions(options);
  options.signal?.throwIfAborted();
  const slices = createWorkSlices(options.signal);
  const corpus = await readCorpus(texts, options, checked, slices);
  const { specialTokens, minFrequency, pattern } = checked;
  const size = options.vocabularySize - specialTokens.length;
  const learned = await learnMerges(corpus, {
    size,
    minFrequency,
    reserved: new Set(specialTokens),
    slices,
    onProgress: (done) => options.onProgress?.({ phase: 'merging', done, total: size }),
  });
  if (learned.tokens.length < size) {
    options.onWarning?.(
      `trainTokenizer: expected text for ${options.vocabularySize} tokens, got ${learned.tokens.length + specialTokens.length}, as no other pair occurs ${minFrequency} times; train on more text, or ask for fewer tokens`,
    );
  }
  return parseTokenizer(createTrainedJson(learned, specialTokens, pattern));
}

async function readCorpus(
  texts: AsyncIterable<string> | Iterable<string>,
  { onProgress, onWarning }: TrainTokenizerOptions,
  { words: pattern, separator }: CheckedOptions,
  slices: WorkSlices,
) {
  const total = Array.isArray(texts) ? texts.reduce((sum, text) => sum + String(text).length, 0) : undefined;
  const words = await countWords(texts, {
    pattern,
    separator,
    slices,
    onProgress: (done) => onProgress?.({ phase: 'counting', done, total }),
  });
  if (words.forgotten > 0) {
    onWarning?.(
      `trainTokenizer: expected different words that fit into memory, got more; ${words.forgotten} occurrences of the rarest were not counted`,
    );
  }
  return createSymbolCorpus(words, slices);
}
