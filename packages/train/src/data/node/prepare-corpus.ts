/** A corpus from files: tokenised once, then read from its cache. */

import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tokenizer } from '@yoco-u/spec';
import type { Corpus } from '../corpus.ts';
import { DataError } from '../data-error.ts';
import {
  byteOrder,
  type CacheIdentity,
  type CacheManifest,
  cacheKey,
  parseManifest,
  sha256,
} from './cache-manifest.ts';
import { matchSources } from './match-sources.ts';
import { openTokenFile } from './open-token-file.ts';
import { createProgress, type DataProgress } from './progress.ts';
import { readDocuments, type SourceFacts } from './read-source.ts';
import { listSourceFiles, requireRegularFiles, type SourceFile, type SourceOptions } from './source-files.ts';
import { removeAbandoned, stageFile, writeWhole } from './staged-file.ts';
import { writeTokenFile } from './write-token-file.ts';

export interface PrepareCorpusOptions extends SourceOptions {
  /** Files, folders, patterns or packages of text: see `listSourceFiles`. */
  readonly sources: readonly string[];
  readonly tokenizer: Tokenizer;
  /** What the tokenizer was made from (its tokenizer.json): ids in the cache are used for this text only. */
  readonly tokenizerText: string;
  /** Where ids are kept; made if need be. Holds caches of many corpora and tokenizers. */
  readonly cacheFolder: string;
  /** Where objects of JSON lines hold their text. Default `text`. */
  readonly field?: string;
  /**
   * When a cache is taken for current: `content` compares hashes of sources and ids, which reads them all; `times` compares sizes and times
   * of the last change. Default `content`.
   */
  readonly check?: 'content' | 'times';
  readonly onProgress?: (progress: DataProgress) => void;
  /** Told why a cache that is there is not used. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Opens the cache of the sources, or makes it. The cache appears only when it is complete; an interruption leaves what was there before.
 * Throws `DataError` for sources that cannot be used and for a folder that cannot be written. Aborting rejects with the signal's reason.
 */
export async function prepareCorpus(options: PrepareCorpusOptions): Promise<Corpus> {
  const files = await listSourceFiles(options.sources, options);
  await requireRegularFiles(files);
  const identity: CacheIdentity = {
    field: options.field ?? 'text',
    tokenizer: sha256(options.tokenizerText),
    vocabularySize: options.tokenizer.vocabularySize,
  };
  const key = cacheKey(options.sources, identity);
  const cached = await openCache(key, identity, files, options);
  if (typeof cached !== 'string') return cached;
  if (cached !== '') options.onWarning?.(`${nameOf(options)}: the cache is made again: ${cached}`);
  return build(key, identity, files, options);
}

/** In words why there is none that can be used; empty if there is none at all. */
async function openCache(
  key: string,
  identity: CacheIdentity,
  files: readonly SourceFile[],
  options: PrepareCorpusOptions,
): Promise<Corpus | string> {
  const { cacheFolder, check = 'content', signal } = options;
  const text = await readFile(join(cacheFolder, `${key}.json`), 'utf8').catch(() => undefined);
  if (text === undefined) return '';
  const manifest = parseManifest(text, identity);
  if (typeof manifest === 'string') return manifest;
  const changed = await matchSources(files, manifest.sources, check, options);
  if (changed !== undefined) return changed;
  const path = join(cacheFolder, manifest.file);
  return openTokenFile(path, manifest, { verify: check === 'content', name: nameOf(options), signal });
}

async function build(
  key: string,
  identity: CacheIdentity,
  files: readonly SourceFile[],
  options: PrepareCorpusOptions,
): Promise<Corpus> {
  const { cacheFolder, tokenizer, signal } = options;
  await removeAbandoned(cacheFolder, key);
  const progress = await createProgress('tokenizing', files, options.onProgress);
  const sources: SourceFacts[] = [];
  const staged = await stageFile(cacheFolder, key);
  let manifest: CacheManifest;
  try {
    const documents = readDocuments(files, {
      field: identity.field,
      ...(signal === undefined ? {} : { signal }),
      onRead: progress.onRead,
      onFile: (facts) => sources.push(facts),
    });
    const { onTokens } = progress;
    const written = await writeTokenFile(staged, { documents, tokenizer, name: nameOf(options), onTokens, signal });
    const file = `${key}.${written.fileSha256.slice(0, 16)}.tokens`;
    manifest = { version: 1, byteOrder, ...identity, ...written, file, sources };
    await staged.commit(join(cacheFolder, file));
  } catch (error) {
    await staged.discard();
    throw error;
  }
  await writeWhole(cacheFolder, `${key}.json`, key, `${JSON.stringify(manifest, null, 2)}\n`);
  await removeOld(cacheFolder, key, manifest.file);
  progress.finish();
  const path = join(cacheFolder, manifest.file);
  const corpus = await openTokenFile(path, manifest, { verify: false, name: nameOf(options), signal });
  if (typeof corpus !== 'string') return corpus;
  const fix = 'another process may have removed it: start again';
  throw new DataError({ where: path, expected: 'the cache that was written just now', got: corpus, fix });
}

/** Ids of earlier contents of the same sources. */
async function removeOld(folder: string, key: string, current: string): Promise<void> {
  const old = (await readdir(folder)).filter(
    (name) => name.startsWith(`${key}.`) && name.endsWith('.tokens') && name !== current,
  );
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
}

function nameOf({ sources }: PrepareCorpusOptions): string {
  return sources.length > 3 ? `${sources.slice(0, 3).join(', ')}, …` : sources.join(', ');
}
