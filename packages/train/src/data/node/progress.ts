/** How far reading is. */

import { stat } from 'node:fs/promises';
import type { SourceFile } from './source-files.ts';

export interface DataProgress {
  /** Checking: sources are compared with a cache. */
  readonly phase: 'checking' | 'tokenizing';
  /** The one that is read. */
  readonly file: string;
  /** Bytes on disk, of all files. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly tokens: number;
}

const interval = 100;

/** Passes on at most ten reports a second, and the last. */
export async function createProgress(
  phase: DataProgress['phase'],
  files: readonly SourceFile[],
  onProgress: ((progress: DataProgress) => void) | undefined,
) {
  let totalBytes = 0;
  if (onProgress !== undefined) {
    // A file that cannot be read is reported when it is opened.
    for (const { path } of files) totalBytes += (await stat(path).catch(() => undefined))?.size ?? 0;
  }
  let file = files[0].name;
  let doneBytes = 0;
  let tokens = 0;
  let reported = 0;
  const report = (isLast: boolean) => {
    const now = performance.now();
    if (onProgress === undefined || (!isLast && now - reported < interval)) return;
    reported = now;
    onProgress({ phase, file, doneBytes, totalBytes, tokens });
  };
  return {
    onRead(read: SourceFile, bytes: number): void {
      file = read.name;
      doneBytes += bytes;
      report(false);
    },
    onTokens(count: number): void {
      tokens = count;
      report(false);
    },
    finish: () => report(true),
  };
}
