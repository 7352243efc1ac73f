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
  const byFirstUnit = new Map<number, AddedTokenPattern[]>();
  for (const pattern of patterns) {
    if (pattern.text === '') continue;
    const unit = pattern.text.charCodeAt(0);
    const group = byFirstUnit.get(unit) ?? [];
    group.push(pattern);
    byFirstUnit.set(unit, group);
  }
  for (const group of byFirstUnit.values()) group.sort((a, b) => b.text.length - a.text.length);
  if (byFirstUnit.size === 0) {
    return (text, onText) => {
      if (text !== '') onText(text);
    };
  }

  return (text, onText, onToken) => {
    let done = 0;
    let index = 0;
    while (index < text.length) {
      const found = byFirstUnit.get(text.charCodeAt(index))?.find((it) => text.startsWith(it.text, index));
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
