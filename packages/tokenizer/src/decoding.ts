/** The `decoder` of a tokenizer.json, as the bytes of single tokens and what is cut where text starts. */

import { fromByteCharacters } from './byte-alphabet.ts';
import { describe, type JsonObject, readArray, readCount, readObject, readString, reject } from './json-reader.ts';
import { readReplacement } from './replacement.ts';

export interface Decoding {
  /** Bytes of a token of the model (not an added token). */
  bytesOf(token: string): Uint8Array;
  /** Bytes cut where text starts: at the front, and behind a special token, as normalizers prepend there. */
  readonly startCut: readonly StartCut[];
}

/** Up to `count` times the ASCII character `byte`. */
export interface StartCut {
  readonly byte: number;
  readonly count: number;
}

interface Draft {
  readonly edits: ((token: string) => string)[];
  toBytes: ((token: string) => Uint8Array) | undefined;
  fused: boolean;
  readonly startCut: StartCut[];
}

const supported = 'one of ByteLevel, ByteFallback, Fuse, Replace, Sequence, Strip';
const encoder = new TextEncoder();
const utf8 = (text: string) => encoder.encode(text);

/** @throws TokenizerError for a decoder that does not work token by token */
export function createDecoding(value: JsonObject | null): Decoding {
  if (value === null)
    return reject('decoder.type', supported, 'null', 'add the decoder that matches the pre-tokenizer');
  const draft: Draft = { edits: [], toBytes: undefined, fused: false, startCut: [] };
  readStep(value, 'decoder', draft);
  const { edits, toBytes = utf8, startCut } = draft;
  return {
    bytesOf: (token) => toBytes(edits.reduce((text, edit) => edit(text), token)),
    startCut,
  };
}

function readStep(value: JsonObject, where: string, draft: Draft): void {
  switch (value.type) {
    case 'Sequence':
      for (const [index, step] of readArray(value.decoders, `${where}.decoders`).entries()) {
        const key = `${where}.decoders[${index}]`;
        readStep(readObject(step, key), key, draft);
      }
      return;
    case 'ByteLevel':
      readToBytes(where, draft, (token) => fromByteCharacters(token) ?? utf8(token));
      return;
    case 'ByteFallback':
      readToBytes(where, draft, (token) => byteOfToken(token) ?? utf8(token));
      return;
    case 'Fuse':
      draft.fused = true;
      return;
    case 'Replace':
      if (draft.toBytes !== undefined || draft.fused) rejectOrder(where, 'Replace');
      draft.edits.push(readReplacement(value, where));
      return;
    case 'Strip':
      readStrip(value, where, draft);
      return;
    default:
      reject(`${where}.type`, supported, describe(value.type));
  }
}

function readToBytes(where: string, draft: Draft, toBytes: (token: string) => Uint8Array): void {
  if (draft.toBytes !== undefined || draft.fused) rejectOrder(where, 'ByteLevel or ByteFallback');
  draft.toBytes = toBytes;
}

function readStrip(value: JsonObject, where: string, draft: Draft): void {
  const content = readString(value.content, `${where}.content`);
  const start = readCount(value.start, `${where}.start`);
  const stop = readCount(value.stop, `${where}.stop`);
  if ([...content].length !== 1) reject(`${where}.content`, 'one character', describe(content));
  if (!draft.fused) {
    if (draft.toBytes !== undefined) rejectOrder(where, 'Strip');
    draft.edits.push((token) => strip(token, content, start, stop));
    return;
  }
  if (stop !== 0) reject(`${where}.stop`, '0 behind Fuse', String(stop), 'a stream cannot take back its last text');
  if (content > '\x7f') reject(`${where}.content`, 'an ASCII character behind Fuse', describe(content));
  if (start > 0) draft.startCut.push({ byte: content.charCodeAt(0), count: start });
}

function rejectOrder(where: string, what: string): never {
  return reject(where, 'Replace and Strip, then ByteLevel or ByteFallback, then Fuse, then Strip', `${what} later`);
}

function strip(token: string, content: string, start: number, stop: number): string {
  const characters = [...token];
  let from = 0;
  let to = characters.length;
  while (from < Math.min(start, characters.length) && characters[from] === content) from++;
  while (to > from && characters.length - to < stop && characters[to - 1] === content) to--;
  return characters.slice(from, to).join('');
}

function byteOfToken(token: string): Uint8Array | undefined {
  const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
  return match === null ? undefined : Uint8Array.of(Number.parseInt(match[1], 16));
}
