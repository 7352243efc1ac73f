/** The `pattern` of Replace and Split components, and replacing by it. */

import { describe, isObject, type JsonObject, readString, reject } from './json-reader.ts';
import { compileLiteral, compilePattern } from './pattern/compile-pattern.ts';

/** A global expression. An empty string matches between all characters, as an empty expression does. */
export function readPattern(value: unknown, where: string): RegExp {
  if (isObject(value)) {
    if (typeof value.String === 'string') return compileLiteral(value.String);
    if (typeof value.Regex === 'string') return compilePattern(value.Regex, `${where}.Regex`);
  }
  return reject(where, '{ "String": … } or { "Regex": … }', describe(value));
}

/** `{ pattern, content }` as a function; the content is literal, whatever the pattern captured. */
export function readReplacement(value: JsonObject, where: string): (text: string) => string {
  const pattern = readPattern(value.pattern, `${where}.pattern`);
  const content = readString(value.content, `${where}.content`);
  return (text) => text.replace(pattern, () => content);
}
