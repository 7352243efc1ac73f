/** Reading values of unknown shape out of a tokenizer.json, with errors that name the key. */

import { TokenizerError } from '@yoco-u/spec';

export type JsonObject = { readonly [key: string]: unknown };

/** Throws a `TokenizerError` about the key at `where`: `parseTokenizer` says of which file. */
export function reject(where: string, expected: string, got: string, fix?: string): never {
  throw new TokenizerError({ where, expected, got, ...(fix === undefined ? {} : { fix }) });
}

/** A short description of a value for an error message; never longer than about 60 characters. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'object') return 'an object';
  return shorten(String(value));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readObject(value: unknown, where: string): JsonObject {
  return isObject(value) ? value : reject(where, 'an object', describe(value));
}

export function readArray(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value) ? value : reject(where, 'an array', describe(value));
}

export function readString(value: unknown, where: string): string {
  return typeof value === 'string' ? value : reject(where, 'a string', describe(value));
}

/** A boolean that may be absent or null, as older files leave out newer keys. */
export function readFlag(value: unknown, where: string, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  return typeof value === 'boolean' ? value : reject(where, 'true or false', describe(value));
}

/** An integer of at least 0. */
export function readCount(value: unknown, where: string): number {
  return isCount(value) ? value : reject(where, 'an integer of at least 0', describe(value));
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function shorten(text: string): string {
  return text.length <= 48 ? text : `${text.slice(0, 45)}...`;
}
