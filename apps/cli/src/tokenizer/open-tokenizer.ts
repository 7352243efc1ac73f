/** The tokenizer of a model folder, of a tokenizer.json, or the bundled model's. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BpeTokenizer, parseTokenizer } from '@yoco-u/tokenizer';
import { modelFolder } from '../open-model.ts';
import { readText } from '../read-text.ts';

export async function openTokenizer(path: string | undefined): Promise<BpeTokenizer> {
  const file = await tokenizerFile(path);
  return parseTokenizer(await readText(file), file);
}

async function tokenizerFile(path: string | undefined): Promise<string> {
  if (path === undefined) return join(modelFolder(undefined), 'tokenizer.json');
  return (await stat(path)).isDirectory() ? join(path, 'tokenizer.json') : path;
}
