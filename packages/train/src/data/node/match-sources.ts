/** Whether files are the ones that a cache was made of. */

import { stat } from 'node:fs/promises';
import { createProgress, type DataProgress } from './progress.ts';
import { hashSource, type SourceFacts } from './read-source.ts';
import type { SourceFile } from './source-files.ts';

export interface MatchOptions {
  readonly onProgress?: (progress: DataProgress) => void;
  readonly signal?: AbortSignal;
}

/** Undefined if they are; in words what changed, if not. */
export async function matchSources(
  files: readonly SourceFile[],
  known: readonly SourceFacts[],
  check: 'content' | 'times',
  { onProgress, signal }: MatchOptions,
): Promise<string | undefined> {
  const isSameList = files.length === known.length && files.every(({ name }, index) => name === known[index].name);
  if (!isSameList) return 'the list of files changed';
  for (const [index, { path, name }] of files.entries()) {
    signal?.throwIfAborted();
    const facts = await stat(path).catch(() => undefined);
    const isSame =
      facts?.size === known[index].size && (check === 'content' || facts.mtimeMs === known[index].modified);
    if (!isSame) return `${name} changed`;
  }
  if (check === 'times') return undefined;
  const progress = await createProgress('checking', files, onProgress);
  for (const [index, file] of files.entries()) {
    const facts = await hashSource(file, { onRead: progress.onRead, ...(signal === undefined ? {} : { signal }) });
    if (facts.sha256 !== known[index].sha256) return `${file.name} changed`;
  }
  progress.finish();
  return undefined;
}
