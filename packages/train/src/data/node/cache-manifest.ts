/** The manifest of a token cache: what the ids were made of, and where they lie. */

import { createHash } from 'node:crypto';
import { endianness } from 'node:os';
import type { SourceFacts } from './read-source.ts';

/** Written as JSON beside the file of ids. */
export interface CacheManifest {
  readonly version: 1;
  readonly byteOrder: 'LE' | 'BE';
  /** Field of JSON lines. */
  readonly field: string;
  /** SHA-256 of the tokenizer's text. */
  readonly tokenizer: string;
  readonly vocabularySize: number;
  readonly sources: readonly SourceFacts[];
  readonly tokens: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
  readonly documents: number;
  readonly fingerprint: string;
  /** Beside the manifest. */
  readonly file: string;
  readonly fileBytes: number;
  readonly fileSha256: string;
  /** Bytes of an id: 2 where the vocabulary fits, else 4. Ids begin at byte 0. */
  readonly idBytes: 2 | 4;
  /**
   * Where, in the file, three columns of float64 begin, one entry a document each: the token after its last, UTF-8 bytes, hash of
   * the ids.
   */
  readonly documentTableOffset: number;
}

/** What a cache must have been made of to be used. */
export type CacheIdentity = Pick<CacheManifest, 'field' | 'tokenizer' | 'vocabularySize'>;

export const byteOrder = endianness();

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The same for the same sources, as they were named, and the same tokenizer. */
export function cacheKey(sources: readonly string[], { field, tokenizer }: CacheIdentity): string {
  return sha256(JSON.stringify([sources, field, tokenizer])).slice(0, 16);
}

/** Where a file of ids ends and how it is laid out. */
export function layoutOf(
  tokens: number,
  documents: number,
  vocabularySize: number,
): Pick<CacheManifest, 'idBytes' | 'documentTableOffset' | 'fileBytes'> {
  const idBytes = vocabularySize <= 2 ** 16 ? 2 : 4;
  const documentTableOffset = Math.ceil((tokens * idBytes) / 8) * 8;
  return { idBytes, documentTableOffset, fileBytes: documentTableOffset + documents * 24 };
}

/** The manifest, or in words why it cannot be used. */
export function parseManifest(text: string, identity: CacheIdentity): CacheManifest | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'its manifest is not JSON';
  }
  if (typeof value !== 'object' || value === null) return 'its manifest is no object';
  const manifest = value as Readonly<Record<keyof CacheManifest, unknown>>;
  const wanted = { version: 1, byteOrder, ...identity } satisfies Partial<CacheManifest>;
  for (const [key, expected] of Object.entries(wanted)) {
    if (manifest[key as keyof CacheManifest] !== expected) return `its ${key} is another one`;
  }
  const { tokens, documents, bytes, fingerprint, file, fileSha256, sources } = manifest;
  const isComplete =
    isCount(tokens) &&
    isCount(documents) &&
    isCount(bytes) &&
    typeof fingerprint === 'string' &&
    typeof file === 'string' &&
    /^[\w.]+$/.test(file) &&
    typeof fileSha256 === 'string' &&
    Array.isArray(sources) &&
    sources.every(isSource);
  if (!isComplete) return 'its manifest is incomplete';
  const layout = layoutOf(tokens, documents, identity.vocabularySize);
  for (const [key, expected] of Object.entries(layout)) {
    if (manifest[key as keyof CacheManifest] !== expected) return `its ${key} contradicts its counts`;
  }
  return value as CacheManifest;
}

function isSource(value: unknown): value is SourceFacts {
  if (typeof value !== 'object' || value === null) return false;
  const { name, size, modified, sha256: hash } = value as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && isCount(size) && typeof modified === 'number' && typeof hash === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
