/** The vocabulary of a tokenizer.json, checked: every id from 0 on, once. */

import { describe, isCount, readObject, reject } from './json-reader.ts';
import type { AddedToken } from './tokenizer-definition.ts';

/** Ids by token text. Whether they are all there is for `collectTokens` to say: added tokens may fill holes. */
export function readVocabulary(value: unknown): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const vocabulary = readObject(value, 'model.vocab');
  for (const token of Object.keys(vocabulary)) {
    const id = vocabulary[token];
    if (!isCount(id)) rejectId(`model.vocab[${describe(token)}]`, id);
    ids.set(token, id);
  }
  return ids;
}

/**
 * Token text by id, over the vocabulary and the added tokens. Allocates by the number of tokens, never by an id.
 * @throws TokenizerError for an id that is negative, fractional, taken twice or leaves a hole
 */
export function collectTokens(ids: ReadonlyMap<string, number>, addedTokens: readonly AddedToken[]): readonly string[] {
  const extra = readExtraTokens(ids, addedTokens);
  const count = ids.size + extra.length;
  if (count === 0) reject('model.vocab', 'at least one token', 'none');
  const tokens: (string | undefined)[] = new Array(count).fill(undefined);

  function place(token: string, id: number, where: () => string): void {
    if (id >= count) {
      reject(where(), `ids from 0 to ${count - 1} without holes, as there are ${count} tokens`, String(id));
    }
    const holder = tokens[id];
    if (holder !== undefined) reject(where(), 'an id of its own', `${id}, the id of ${describe(holder)}`);
    tokens[id] = token;
  }

  for (const [token, id] of ids) place(token, id, () => `model.vocab[${describe(token)}]`);
  for (const { token, id, index } of extra) place(token, id, () => `added_tokens[${index}].id`);
  // As many distinct ids below the count as there are tokens: none is left out.
  return tokens as string[];
}

/** Added tokens that the vocabulary does not hold. */
function readExtraTokens(ids: ReadonlyMap<string, number>, addedTokens: readonly AddedToken[]) {
  const extra: { readonly token: string; readonly id: number; readonly index: number }[] = [];
  const seen = new Set<string>();
  for (const [index, { content, id }] of addedTokens.entries()) {
    const where = `added_tokens[${index}]`;
    if (seen.has(content)) reject(`${where}.content`, 'each token once', describe(content));
    seen.add(content);
    if (!isCount(id)) rejectId(`${where}.id`, id);
    const known = ids.get(content);
    if (known === undefined) extra.push({ token: content, id, index });
    else if (known !== id) reject(`${where}.id`, `${known}, the id of ${describe(content)} in model.vocab`, String(id));
  }
  return extra;
}

function rejectId(where: string, id: unknown): never {
  return reject(where, 'an integer of at least 0', describe(id));
}
