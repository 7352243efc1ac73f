/** Reading untrusted JSON with messages that name the key. */
import { ConfigError } from '@yoco-u/spec';

/** Larger sizes cannot be meant: their products would no longer be exact. */
export const largestSize = 2 ** 31 - 1;

export interface ConfigReader {
  readonly where: string;
  has(key: string): boolean;
  /** An integer in 1 .. 2³¹ − 1. */
  size(key: string, fallback?: number): number;
  positive(key: string, fallback?: number): number;
  flag(key: string, fallback?: boolean): boolean;
  text(key: string, fallback?: string): string;
}

/** Throws `ConfigError` when `value` is not an object. */
export function createConfigReader(value: unknown, where: string): ConfigReader {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError({ where, expected: 'a JSON object', got: describeJson(value) });
  }
  const object = value as Readonly<Record<string, unknown>>;
  const has = (key: string): boolean => Object.hasOwn(object, key) && object[key] !== undefined;
  const read = <T>(key: string, expected: string, accepts: (value: unknown) => value is T, fallback?: T): T => {
    if (!has(key)) {
      if (fallback !== undefined) return fallback;
      throw new ConfigError({ where: `${where}.${key}`, expected, got: 'nothing', fix: 'add the key' });
    }
    if (accepts(object[key])) return object[key];
    throw new ConfigError({ where: `${where}.${key}`, expected, got: describeJson(object[key]) });
  };
  const isSize = (x: unknown): x is number => Number.isInteger(x) && (x as number) > 0 && (x as number) <= largestSize;
  const isPositive = (x: unknown): x is number => Number.isFinite(x) && (x as number) > 0;
  return {
    where,
    has,
    size: (key, fallback) => read(key, `an integer from 1 to ${largestSize}`, isSize, fallback),
    positive: (key, fallback) => read(key, 'a finite number > 0', isPositive, fallback),
    flag: (key, fallback) => read(key, 'true or false', (x) => typeof x === 'boolean', fallback),
    text: (key, fallback) => read(key, 'a string', (x) => typeof x === 'string', fallback),
  };
}

/** A JSON value, or what else stands in its place, for a message; cut short. */
export function describeJson(value: unknown): string {
  const text = value === undefined ? 'nothing' : jsonOf(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function jsonOf(value: unknown): string {
  // JSON knows no NaN and no infinity
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
