/** Pre-tokenizers: cutting a normalized text into the words that byte pairs merge in. */

import { toByteCharacters } from './byte-alphabet.ts';
import { describe, type JsonObject, readArray, readFlag, readObject, reject } from './json-reader.ts';
import { compilePattern } from './pattern/compile-pattern.ts';
import { readPattern } from './replacement.ts';
import { createSplitter, type SplitBehavior, type Splitter } from './splitter.ts';

export interface PreTokenizer {
  readonly split: Splitter;
  /** Words are to be written in the byte alphabet before they merge. */
  readonly byteLevel: boolean;
}

/** GPT-2's words (Radford et al. 2019), which ByteLevel cuts by default. */
const wordPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const behaviors: readonly SplitBehavior[] = [
  'Isolated',
  'Removed',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

interface Stage {
  readonly split: Splitter;
  readonly byteLevel: boolean;
}

/** Builds a `pre_tokenizer` of a tokenizer.json; null leaves the text in one piece. */
export function createPreTokenizer(value: JsonObject | null): PreTokenizer {
  const stages = value === null ? [] : readStages(value, 'pre_tokenizer');
  const last = stages.at(-1);
  const byteLevel = last?.byteLevel ?? false;
  // The last ByteLevel leaves its bytes to the merging; one before another stage has to write them out.
  const splitters = stages.map((stage) =>
    stage.byteLevel && stage !== last ? inByteCharacters(stage.split) : stage.split,
  );
  return { split: chain(splitters), byteLevel };
}

function readStages(value: JsonObject, where: string): readonly Stage[] {
  switch (value.type) {
    case 'Sequence':
      return readArray(value.pretokenizers, `${where}.pretokenizers`).flatMap((step, index) => {
        const key = `${where}.pretokenizers[${index}]`;
        return readStages(readObject(step, key), key);
      });
    case 'ByteLevel':
      return [{ split: readByteLevel(value, where), byteLevel: true }];
    case 'Split':
      return [{ split: readSplit(value, where), byteLevel: false }];
    case 'Digits': {
      const individual = readFlag(value.individual_digits, `${where}.individual_digits`, false);
      const pattern = compilePattern(individual ? '\\p{N}' : '\\p{N}+', where);
      return [{ split: createSplitter(pattern, 'Isolated', false), byteLevel: false }];
    }
    default:
      return reject(`${where}.type`, 'one of ByteLevel, Digits, Sequence, Split', describe(value.type));
  }
}

function readByteLevel(value: JsonObject, where: string): Splitter {
  const prefixSpace = readFlag(value.add_prefix_space, `${where}.add_prefix_space`, false);
  const words = readFlag(value.use_regex, `${where}.use_regex`, true)
    ? createSplitter(compilePattern(wordPattern, where), 'Isolated', false)
    : keepWhole;
  return prefixSpace ? (text, emit) => words(text.startsWith(' ') ? text : ` ${text}`, emit) : words;
}

function readSplit(value: JsonObject, where: string): Splitter {
  const pattern = readPattern(value.pattern, `${where}.pattern`);
  const invert = readFlag(value.invert, `${where}.invert`, false);
  const behavior = behaviors.find((name) => name === value.behavior);
  if (behavior === undefined) {
    return reject(`${where}.behavior`, `one of ${behaviors.join(', ')}`, describe(value.behavior));
  }
  return createSplitter(pattern, behavior, invert);
}

function keepWhole(text: string, emit: (piece: string) => void): void {
  if (text !== '') emit(text);
}

function inByteCharacters(split: Splitter): Splitter {
  const encoder = new TextEncoder();
  return (text, emit) => split(text, (piece) => emit(toByteCharacters(encoder.encode(piece))));
}

function chain(splitters: readonly Splitter[]): Splitter {
  return (
    splitters.reduceRight<Splitter | undefined>((rest, split) => {
      if (rest === undefined || rest === keepWhole) return split;
      return split === keepWhole ? rest : (text, emit) => split(text, (piece) => rest(piece, emit));
    }, undefined) ?? keepWhole
  );
}
