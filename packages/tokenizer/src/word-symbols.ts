/** What merging starts from: one symbol a byte of the byte alphabet, or one a character. */

import { TokenizerError } from '@yoco-u/spec';
import { byteCharacter } from './byte-alphabet.ts';
import { describe } from './json-reader.ts';
import type { BpeModel } from './tokenizer-definition.ts';

export interface WordSymbols {
  /** Most symbols that one UTF-16 unit can become. */
  readonly perUnit: number;
  /** Writes the symbols of a word to `into` and returns their number. */
  fill(word: string, into: Int32Array): number;
}

const encoder = new TextEncoder();

export function createWordSymbols(model: BpeModel, byteLevel: boolean): WordSymbols {
  return byteLevel ? createByteSymbols(model) : createCharacterSymbols(model);
}

function createByteSymbols(model: BpeModel): WordSymbols {
  const characters = createSymbolWriter(model);
  const idOfByte = Int32Array.from({ length: 256 }, (_, byte) => model.ids.get(byteCharacter(byte)) ?? -1);

  function fillBytes(bytes: Uint8Array, into: Int32Array): number {
    characters.begin(into);
    for (const byte of bytes) characters.write(byteCharacter(byte));
    return characters.end();
  }

  return {
    perUnit: model.byteFallback ? 6 : 3,
    fill(word, into) {
      for (let index = 0; index < word.length; index++) {
        const unit = word.charCodeAt(index);
        const id = unit < 0x80 ? idOfByte[unit] : -1;
        if (id < 0) return fillBytes(encoder.encode(word), into);
        into[index] = id;
      }
      return word.length;
    },
  };
}

function createCharacterSymbols(model: BpeModel): WordSymbols {
  const characters = createSymbolWriter(model);
  return {
    perUnit: 3,
    fill(word, into) {
      characters.begin(into);
      for (const character of word) characters.write(character);
      return characters.end();
    },
  };
}

/** Writes characters as symbols: their token, else their bytes' tokens, else the unknown token. */
function createSymbolWriter(model: BpeModel) {
  const { ids, unknown, fuseUnknown } = model;
  const byteTokens = model.byteFallback ? readByteTokens(ids) : undefined;
  let symbols: Int32Array = new Int32Array();
  let count = 0;
  let afterUnknown = false;

  function writeMissing(character: string): void {
    const tokens =
      byteTokens === undefined ? undefined : [...encoder.encode(character)].map((byte) => byteTokens[byte]);
    if (tokens !== undefined && !tokens.includes(undefined)) {
      for (const id of tokens) symbols[count++] = id as number;
      afterUnknown = false;
      return;
    }
    if (unknown === undefined) {
      throw new TokenizerError({
        where: 'encode',
        expected: 'a vocabulary with a token for every character, or an unk_token',
        got: `${describe(character)}, which has none`,
        fix: 'use a vocabulary with all 256 bytes',
      });
    }
    if (!afterUnknown || !fuseUnknown) symbols[count++] = unknown;
    afterUnknown = true;
  }

  return {
    begin(into: Int32Array): void {
      symbols = into;
      count = 0;
      afterUnknown = false;
    },
    write(character: string): void {
      const id = ids.get(character);
      if (id === undefined) {
        writeMissing(character);
        return;
      }
      symbols[count++] = id;
      afterUnknown = false;
    },
    end: () => count,
  };
}

/** Ids of `<0x00>`..`<0xFF>`, undefined where the vocabulary lacks one. */
function readByteTokens(ids: ReadonlyMap<string, number>): readonly (number | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) => ids.get(byteTokenText(byte)));
}

/** The token that stands for a byte under byte fallback: `<0x0A>`. */
export function byteTokenText(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}
