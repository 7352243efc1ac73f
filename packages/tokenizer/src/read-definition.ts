/** A tokenizer.json value to a checked definition. */

import { describe, type JsonObject, readArray, readFlag, readObject, readString, reject } from './json-reader.ts';
import { copyJsonObject } from './json-text.ts';
import { readMerges } from './read-merges.ts';
import { collectTokens, readVocabulary } from './read-vocabulary.ts';
import type { AddedToken, BpeModel, TokenizerDefinition } from './tokenizer-definition.ts';

/** @throws TokenizerError naming the first key that cannot be used */
export function readDefinition(value: unknown): TokenizerDefinition {
  const file = readObject(value, 'the file');
  const modelValue = readObject(file.model, 'model');
  checkModelKeys(modelValue);
  const ids = readVocabulary(modelValue.vocab);
  const addedTokenList = file.added_tokens ?? [];
  const addedTokens = readArray(addedTokenList, 'added_tokens').map((token, index) => readAddedToken(token, index));
  const tokens = collectTokens(ids, addedTokens);
  const mergeValues = readArray(modelValue.merges, 'model.merges');
  const model: BpeModel = {
    ids,
    merges: readMerges(mergeValues, ids),
    unknown: readUnknown(modelValue.unk_token, ids),
    fuseUnknown: readFlag(modelValue.fuse_unk, 'model.fuse_unk', false),
    byteFallback: readFlag(modelValue.byte_fallback, 'model.byte_fallback', false),
    ignoreMerges: readFlag(modelValue.ignore_merges, 'model.ignore_merges', false),
  };
  const top = copyJsonObject({ ...file, added_tokens: null, model: null }, 'the file');
  return {
    tokens,
    addedTokens,
    model,
    normalizer: readComponent(top.normalizer, 'normalizer'),
    preTokenizer: readComponent(top.pre_tokenizer, 'pre_tokenizer'),
    decoder: readComponent(top.decoder, 'decoder'),
    source: {
      top,
      addedTokens: (addedTokenList as readonly unknown[]).map((it, index) =>
        copyJsonObject(it, `added_tokens[${index}]`),
      ),
      model: copyJsonObject({ ...modelValue, vocab: null, merges: null }, 'model'),
      mergesAsText: typeof mergeValues[0] === 'string',
    },
  };
}

function checkModelKeys(model: JsonObject): void {
  // Files from before 2020 leave the type out.
  if (model.type !== undefined && model.type !== 'BPE') reject('model.type', '"BPE"', describe(model.type));
  if (model.dropout !== undefined && model.dropout !== null && model.dropout !== 0) {
    reject('model.dropout', 'null or 0', describe(model.dropout), 'encoding is deterministic here');
  }
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix', 'continuing_subword_suffix']) {
    const affix = model[key];
    if (affix !== undefined && affix !== null && affix !== '') reject(`model.${key}`, 'null or ""', describe(affix));
  }
}

function readUnknown(value: unknown, ids: ReadonlyMap<string, number>): number | undefined {
  if (value === undefined || value === null) return undefined;
  const token = readString(value, 'model.unk_token');
  return ids.get(token) ?? reject('model.unk_token', 'a token of model.vocab', describe(token));
}

function readAddedToken(value: unknown, index: number): AddedToken {
  const where = `added_tokens[${index}]`;
  const token = readObject(value, where);
  const content = readString(token.content, `${where}.content`);
  if (content === '') reject(`${where}.content`, 'at least one character', '""');
  const special = readFlag(token.special, `${where}.special`, false);
  return {
    id: token.id as number,
    content,
    singleWord: readFlag(token.single_word, `${where}.single_word`, false),
    stripLeft: readFlag(token.lstrip, `${where}.lstrip`, false),
    stripRight: readFlag(token.rstrip, `${where}.rstrip`, false),
    normalized: readFlag(token.normalized, `${where}.normalized`, !special),
    special,
  };
}

function readComponent(value: unknown, where: string): JsonObject | null {
  return value === undefined || value === null ? null : readObject(value, where);
}
