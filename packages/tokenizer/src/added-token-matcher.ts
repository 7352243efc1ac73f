/** Finding added tokens in a text: leftmost first, the longest of those that start at one place. */

import type { AddedToken } from './tokenizer-definition.ts';

export interface AddedTokenPattern {
  readonly token: AddedToken;
  /** What is looked for: the token's content, or its normalized form. */
  readonly text: string;
}

/** Cuts a text into added tokens and the non-empty text between them, in order. */
export type AddedTokenMatcher = (
  text: string,
  onText: (section: string) => void,
  onToken: (id: number) => void,
) => void;

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const space = /\p{White_Space}/u;

export function createAddedTokenMatcher(patterns: readonly AddedTokenPattern[]): AddedTokenMatcher {
  const root = createTrie(patterns);
  if (root.next.size === 0) {
    return (text, onText) => {
      if (text !== '') onText(text);
    };
  }

  return (text, onText, onToken) => {
    let done = 0;
    let index = 0;
    while (index < text.length) {
      const found = longestAt(root, text, index);
      if (found === undefined) {
        index++;
        continue;
      }
      const end = index + found.text.length;
      if (found.token.singleWord && !standsAlone(text, index, end)) {
        index = end;
        continue;
      }
      const start = found.token.stripLeft ? startOfSpace(text, index, done) : index;
      if (done < start) onText(text.slice(done, start));
      onToken(found.token.id);
      done = found.token.stripRight ? endOfSpace(text, end) : end;
      index = done;
    }
    if (done < text.length) onText(text.slice(done));
  };
}

/** What begins alike is compared once: some files have thousands of tokens that begin with `<`. */
interface TrieNode {
  /** By UTF-16 unit. */
  readonly next: Map<number, TrieNode>;
  /** What ends here; of several with the same text the first. */
  pattern?: AddedTokenPattern;
}

function createTrie(patterns: readonly AddedTokenPattern[]): TrieNode {
  const root: TrieNode = { next: new Map() };
  for (const pattern of patterns) {
    if (pattern.text === '') continue;
    let node = root;
    for (let at = 0; at < pattern.text.length; at++) {
      const unit = pattern.text.charCodeAt(at);
      const next = node.next.get(unit) ?? { next: new Map() };
      node.next.set(unit, next);
      node = next;
    }
    node.pattern ??= pattern;
  }
  return root;
}

function longestAt(root: TrieNode, text: string, index: number): AddedTokenPattern | undefined {
  let found: AddedTokenPattern | undefined;
  let node = root.next.get(text.charCodeAt(index));
  for (let at = index + 1; node !== undefined; at++) {
    found = node.pattern ?? found;
    node = node.next.get(text.charCodeAt(at));
  }
  return found;
}

function standsAlone(text: string, start: number, end: number): boolean {
  // Two units hold the neighbouring character, whether or not it is a surrogate pair.
  return !wordBefore.test(text.slice(Math.max(0, start - 2), start)) && !wordAfter.test(text.slice(end, end + 2));
}

function startOfSpace(text: string, end: number, limit: number): number {
  let start = end;
  while (start > limit && space.test(text[start - 1])) start--;
  return start;
}

function endOfSpace(text: string, start: number): number {
  let end = start;
  while (end < text.length && space.test(text[end])) end++;
  return end;
}
