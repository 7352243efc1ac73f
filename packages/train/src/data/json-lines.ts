/** Documents out of JSON lines: one object a line, its text under one field. */

import { DataError, describeCause } from './data-error.ts';
import { type DocumentPiece, type PieceOptions, type TextChunks, wholeDocument } from './document-pieces.ts';

export interface JsonLinesOptions extends PieceOptions {
  /** Where an object holds its text. Default `text`. */
  readonly field?: string;
}

/** Longer lines, in UTF-16 units, are refused: they are no lines. */
const longestLine = 2 ** 27;

/**
 * Every line is a document, also if its text holds separators. Blank lines and blank texts are left out. Throws `DataError` naming the line
 * that is no JSON object or holds no text.
 */
export async function* readJsonLines(
  chunks: TextChunks,
  name: string,
  options: JsonLinesOptions = {},
): AsyncGenerator<DocumentPiece> {
  let number = 0;
  for await (const line of readLines(chunks, name)) {
    number++;
    if (line.trim() === '') continue;
    yield* wholeDocument(textOf(line, `${name}: line ${number}`, options.field ?? 'text'), options);
  }
}

async function* readLines(chunks: TextChunks, name: string): AsyncGenerator<string> {
  const parts: string[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    const lines = chunk.split('\n');
    for (const [index, part] of lines.entries()) {
      parts.push(part);
      held += part.length;
      if (held > longestLine) {
        throw new DataError({
          where: name,
          expected: `lines of at most ${longestLine} characters`,
          got: 'a longer one',
          fix: 'write one JSON object a line, or name the file *.txt if it is plain text',
        });
      }
      if (index === lines.length - 1) continue;
      yield parts.join('');
      parts.length = 0;
      held = 0;
    }
  }
  yield parts.join('');
}

function textOf(line: string, where: string, field: string): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    const fix = 'write one JSON object a line';
    throw new DataError({ where, expected: 'a JSON object', got: describeCause(cause), fix }, { cause });
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) throw new DataError({ where, expected: 'a JSON object', got: kindOf(value) });
  const record = value as Readonly<Record<string, unknown>>;
  const text = Object.hasOwn(record, field) ? record[field] : undefined;
  if (typeof text === 'string') return text;
  throw new DataError({
    where,
    expected: `text under ${JSON.stringify(field)}`,
    got: text === undefined ? `an object with ${listKeys(record)}` : kindOf(text),
    fix: 'name the field that holds the text',
  });
}

function listKeys(record: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(record);
  if (keys.length === 0) return 'no fields';
  const shown = keys.slice(0, 8).map((key) => JSON.stringify(key.slice(0, 40)));
  return `${shown.join(', ')}${keys.length > 8 ? ', …' : ''}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
