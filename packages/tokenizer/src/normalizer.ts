/** Normalizers: what happens to a text before it is cut into words. */

import { describe, type JsonObject, readArray, readObject, readString, reject } from './json-reader.ts';
import { readReplacement } from './replacement.ts';

export type Normalizer = (text: string) => string;

const supported = 'one of NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence';

/** Builds a `normalizer` of a tokenizer.json; null leaves texts as they are. */
export function createNormalizer(value: JsonObject | null, where = 'normalizer'): Normalizer {
  if (value === null) return (text) => text;
  switch (value.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = value.type;
      return (text) => text.normalize(form);
    }
    case 'Prepend': {
      const prefix = readString(value.prepend, `${where}.prepend`);
      return (text) => (text === '' ? text : prefix + text);
    }
    case 'Replace':
      return readReplacement(value, where);
    case 'Sequence': {
      const steps = readArray(value.normalizers, `${where}.normalizers`).map((step, index) => {
        const key = `${where}.normalizers[${index}]`;
        return createNormalizer(readObject(step, key), key);
      });
      return (text) => steps.reduce((current, step) => step(current), text);
    }
    default:
      return reject(`${where}.type`, supported, describe(value.type));
  }
}
