/** Model folders on disk. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../fail.ts';
import type { HttpOptions } from '../http/request.ts';
import type { ModelFiles } from '../model-files.ts';
import { type ModelFolder, type ModelFolderSource, openModelFolder as openAnyModelFolder } from '../model-folder.ts';
import { openFileIfPresent } from './file-source.ts';

/** The files of a directory. */
export function directoryFiles(directory: string): ModelFiles {
  return { name: directory, open: (file) => openFileIfPresent(join(directory, file)) };
}

/**
 * As `openModelFolder` of the main entry, and text that is not an http(s) URL is the path of a directory. Close the folder when the
 * weights are read: it holds its files open.
 */
export async function openModelFolder(source: ModelFolderSource, options: HttpOptions = {}): Promise<ModelFolder> {
  if (typeof source !== 'string' || /^https?:\/\//i.test(source)) return openAnyModelFolder(source, options);
  const facts = await stat(source).catch(() => undefined);
  if (facts?.isDirectory() !== true) {
    const got = facts === undefined ? 'nothing under this path' : 'a file';
    throw failure({
      where: source,
      expected: 'a model folder',
      got,
      fix: 'name the folder that holds config.json and the weights',
    });
  }
  return openAnyModelFolder(directoryFiles(source));
}
