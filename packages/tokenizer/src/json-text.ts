/** JSON text to a value, and values checked for depth before anything walks them recursively. */

import { isObject, type JsonObject, readObject, reject } from './json-reader.ts';

/** Real files nest about 8 levels deep. */
const MAXIMUM_DEPTH = 64;

/** Parses JSON text whose nesting is checked first, so that hostile depth costs neither memory nor stack. */
export function parseJsonText(text: string): unknown {
  checkTextDepth(text);
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (error) {
    return reject('the text', 'valid JSON', error instanceof Error ? error.message : String(error));
  }
}

/**
 * Copies the parts of a file that are kept but never interpreted (unknown keys, post-processors), so that later
 * changes by the caller cannot reach a tokenizer.
 */
export function copyJsonObject(value: unknown, where: string): JsonObject {
  const entries = Object.entries(readObject(value, where));
  // Object.fromEntries defines properties, so a key named __proto__ stays a key.
  return Object.fromEntries(entries.map(([key, item]) => [key, copyJson(item, `${where}.${key}`, 1)]));
}

function copyJson(value: unknown, where: string, depth: number): unknown {
  if (depth > MAXIMUM_DEPTH) rejectDepth(where);
  if (Array.isArray(value)) return value.map((item, index) => copyJson(item, `${where}[${index}]`, depth + 1));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, copyJson(item, `${where}.${key}`, depth + 1)]),
    );
  }
  return value;
}

function checkTextDepth(text: string): void {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) index = endOfString(text, index);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > MAXIMUM_DEPTH) rejectDepth(`character ${index}`);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) return index;
    if (code === 0x5c) index++;
  }
  return text.length;
}

function rejectDepth(where: string): never {
  const shown = where.length > 80 ? `${where.slice(0, 77)}...` : where;
  return reject(shown, `nesting of at most ${MAXIMUM_DEPTH} levels`, 'more');
}
