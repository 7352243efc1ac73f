/** Writing model folders. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../fail.ts';
import { type ModelFolderContent, planModelFolder } from '../model-folder-files.ts';
import { type StagedFile, stageFile } from './atomic-write.ts';

/**
 * Writes a model folder, making the directory if need be. All files are written and flushed under temporary names, then renamed: a
 * failure while writing leaves a model that was there as it was. Weight files of an earlier model are removed; its tokenizer and
 * generation config stay unless new ones are given. Throws `CheckpointError`.
 */
export async function writeModelFolder(directory: string, content: ModelFolderContent): Promise<void> {
  const files = planModelFolder(content);
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw failure({
      where: directory,
      expected: 'a directory',
      got,
      fix: 'choose another path, or remove what is in its place',
      cause,
    });
  }
  const staged: StagedFile[] = [];
  try {
    for (const { name, pieces } of files) staged.push(await stageFile(join(directory, name), pieces));
    for (const file of staged) await file.commit();
  } catch (error) {
    await Promise.all(staged.map((file) => file.discard()));
    throw error;
  }
  await removeOldWeights(directory, new Set(files.map(({ name }) => name)));
}

/** Weights that are no longer named would otherwise be read in place of the new ones, or fill the disk. */
async function removeOldWeights(directory: string, written: ReadonlySet<string>): Promise<void> {
  const ours = /^model(-\d{5}-of-\d{5}\.safetensors|\.safetensors(\.index\.json)?)$/;
  const old = (await readdir(directory)).filter((name) => ours.test(name) && !written.has(name));
  await Promise.all(old.map((name) => rm(join(directory, name), { force: true })));
}
