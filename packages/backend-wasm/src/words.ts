/** The words that a kernel's `encode` gives, checked: what is cut or misread otherwise computes something else, unnoticed. */
import { BackendError, type WasmWord } from '@yoco-u/spec';

const floatBits = new Float32Array(1);
const integerBits = new Int32Array(floatBits.buffer);

/** A number as the word that a kernel loads. */
export function bitsOf(value: number, type: 'i32' | 'f32'): number {
  if (type === 'i32') return value | 0;
  floatBits[0] = value;
  return integerBits[0]!;
}

/** Throws `BackendError` naming the first word that is none. */
export function checkWords(kernel: string, words: unknown): readonly WasmWord[] {
  const where = `wasm backend: ${kernel}`;
  if (!Array.isArray(words)) {
    throw new BackendError({ where: `${where}: encode`, expected: 'a list of words', got: describe(words) });
  }
  // by index: a list with holes is no list of words
  for (let index = 0; index < words.length; index++) {
    const word: unknown = words[index];
    if (isWord(word)) continue;
    throw new BackendError({
      where: `${where}: word ${index}`,
      expected: 'an i32, { f32 } or { cell, type }',
      got: describe(word),
      ...(typeof word === 'number' && Number.isFinite(word) && !Number.isInteger(word)
        ? { fix: `write { f32: ${word} }` }
        : {}),
    });
  }
  return words;
}

function isWord(word: unknown): boolean {
  if (typeof word !== 'object' || word === null) return isInteger(word);
  if ('f32' in word) return isFloat(word.f32);
  if (!('cell' in word && 'type' in word)) return false;
  const { cell, type } = word;
  if (type !== 'i32' && type !== 'f32') return false;
  const most = 'most' in word ? word.most : undefined;
  if (most !== undefined && !isInteger(most)) return false;
  if (typeof cell === 'object' && cell !== null && 'scalar' in cell && 'index' in cell) return true;
  return type === 'i32' ? isInteger(cell) : isFloat(cell);
}

function isInteger(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 32;
}

function isFloat(value: unknown): boolean {
  return typeof value === 'number' && !Number.isNaN(value);
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? `'${value}'` : String(value);
  const shown = Object.entries(value).map(
    ([key, entry]) => `${key}: ${typeof entry === 'object' ? '…' : String(entry)}`,
  );
  return shown.length === 0 ? '{}' : `{ ${shown.join(', ')} }`;
}
