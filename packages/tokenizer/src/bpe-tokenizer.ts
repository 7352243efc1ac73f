/** A tokenizer built from a definition. */

import type { TokenDecoder, Tokenizer } from '@yoco-u/spec';
import { createAddedTokenMatcher } from './added-token-matcher.ts';
import { createDecoding } from './decoding.ts';
import { createNormalizer, type Normalizer } from './normalizer.ts';
import { createPreTokenizer } from './pre-tokenizer.ts';
import { checkId, createTokenDecoder, type DecodableTokens, decodeIds } from './text-decoder.ts';
import { createTokenBytes } from './token-bytes.ts';
import type { AddedToken, TokenizerDefinition } from './tokenizer-definition.ts';
import { createWordEncoder } from './word-encoder.ts';

/** A byte-pair tokenizer that can be written back as a tokenizer.json. */
export interface BpeTokenizer extends Tokenizer {
  readonly definition: TokenizerDefinition;
}

/** @throws TokenizerError for a component that is not supported */
export function createBpeTokenizer(definition: TokenizerDefinition): BpeTokenizer {
  const { addedTokens, tokens } = definition;
  const specialTokens = new Map(addedTokens.filter((it) => it.special).map((it) => [it.content, it.id]));
  const special = new Set(specialTokens.values());
  const encodeSection = createSectionEncoder(definition, special);
  const normalize = createNormalizer(definition.normalizer);
  const encodePlain = createEncoder(
    addedTokens.filter((it) => !it.special),
    normalize,
    encodeSection,
  );
  const encodeSpecial = createEncoder(addedTokens, normalize, encodeSection);
  const decodable = createDecodableTokens(definition, special);

  return {
    definition,
    vocabularySize: tokens.length,
    specialTokens,
    encode: (text, options) => (options?.special === true ? encodeSpecial : encodePlain)(text),
    decode: (ids) => decodeIds(decodable, ids),
    bytesOf(id) {
      checkId(id, tokens.length, 'bytesOf');
      return decodable.bytes.view(id).slice();
    },
    createDecoder: (): TokenDecoder => createTokenDecoder(decodable),
  };
}

/** Appends the ids of normalized text without added tokens. */
type EncodeSection = (section: string, ids: number[]) => void;

function createSectionEncoder(definition: TokenizerDefinition, special: ReadonlySet<number>): EncodeSection {
  const { split, byteLevel } = createPreTokenizer(definition.preTokenizer);
  const encodeWord = createWordEncoder(definition.model, byteLevel, special);
  return (section, ids) => split(section, (word) => encodeWord(word, ids));
}

function createEncoder(
  addedTokens: readonly AddedToken[],
  normalize: Normalizer,
  encodeSection: EncodeSection,
): (text: string) => number[] {
  const matchGiven = createAddedTokenMatcher(
    addedTokens.filter((it) => !it.normalized).map((token) => ({ token, text: token.content })),
  );
  const matchNormalized = createAddedTokenMatcher(
    addedTokens.filter((it) => it.normalized).map((token) => ({ token, text: normalize(token.content) })),
  );
  return (text) => {
    const ids: number[] = [];
    const onToken = (id: number) => ids.push(id);
    const onSection = (section: string) => encodeSection(section, ids);
    matchGiven(wellFormed(text), (section) => matchNormalized(normalize(section), onSection, onToken), onToken);
    return ids;
  };
}

function createDecodableTokens(definition: TokenizerDefinition, special: ReadonlySet<number>): DecodableTokens {
  const { tokens, addedTokens, model } = definition;
  const { bytesOf, startCut } = createDecoding(definition.decoder);
  const encoder = new TextEncoder();
  const added = new Set(addedTokens.map((it) => it.id));
  const toBytes = (id: number) => (added.has(id) ? encoder.encode(tokens[id]) : bytesOf(tokens[id]));
  return {
    count: tokens.length,
    bytes: createTokenBytes(tokens.length, toBytes),
    boundaries: new Set([...special].filter((id) => id !== model.unknown)),
    startCut,
  };
}

/** Lone surrogates become U+FFFD before anything else sees them, as they would on the way to UTF-8. */
function wellFormed(text: string): string {
  // In ES2024, which the declarations used here do not cover yet.
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
