/** Scores of a model that were measured before, to set others beside them. */
import { readFile } from 'node:fs/promises';
import { parseJsonObject } from '@yoco-u/checkpoint';
import { ConfigError } from '@yoco-u/spec';

export interface ScoreFile {
  /** Which model it was. */
  readonly model: string;
  /** Scored tokens of one window. */
  readonly window: number;
  readonly scores: readonly { readonly iterations: number; readonly bitsPerByte: number }[];
}

/** Throws `ConfigError` for a file of another form, or of scores that were measured with another window. */
export async function readScores(path: string, window: number): Promise<ScoreFile> {
  const file = parseJsonObject(await readFile(path, 'utf8'), path);
  const { scores } = file;
  const isScores = Array.isArray(scores) && scores.every(isScore);
  if (typeof file.model !== 'string' || file.window !== window || !isScores) {
    const expected = `{ "model": …, "window": ${window}, "scores": [{ "iterations": …, "bitsPerByte": … }, …] }`;
    throw new ConfigError({ where: path, expected, got: JSON.stringify(file).slice(0, 120) });
  }
  return { model: file.model, window, scores };
}

function isScore(value: unknown): value is ScoreFile['scores'][number] {
  if (typeof value !== 'object' || value === null) return false;
  const { iterations, bitsPerByte } = value as Record<string, unknown>;
  return Number.isInteger(iterations) && typeof bitsPerByte === 'number' && Number.isFinite(bitsPerByte);
}
