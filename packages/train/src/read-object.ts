/** Reading a JSON object whose keys are all known, with errors that name the key. */
import { ConfigError } from '@yoco-u/spec';

/** Every method returns undefined for an absent key and throws `ConfigError` for a bad value. */
export interface Reader {
  integer(key: string, least: number, most?: number): number | undefined;
  number(key: string, least: number, most: number): number | undefined;
  text(key: string): string | undefined;
  /** One text or several. */
  texts(key: string): readonly string[] | undefined;
  oneOf<const T extends string>(key: string, choices: readonly T[]): T | undefined;
  custom<T>(key: string, read: (value: unknown, where: string) => T): T | undefined;
}

/** The type that is read, without the keys that are absent. */
type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** What `read` asked for; absent keys are left out. Throws `ConfigError` for a key that it did not ask for. */
export function readObject<T extends object>(value: unknown, where: string, read: (reader: Reader) => T): Present<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError({ where, expected: 'a JSON object', got: describe(value) });
  }
  const object = value as Readonly<Record<string, unknown>>;
  const asked = new Set<string>();
  const take = <V>(key: string, expected: string, accepts: (value: unknown) => value is V): V | undefined => {
    asked.add(key);
    const found = Object.hasOwn(object, key) ? object[key] : undefined;
    if (found === undefined || accepts(found)) return found;
    throw new ConfigError({ where: `${where}.${key}`, expected, got: describe(found) });
  };
  const isText = (found: unknown): found is string => typeof found === 'string';
  const result = read({
    integer: (key, least, most = Number.MAX_SAFE_INTEGER) => {
      const bound = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
      const accepts = (found: unknown): found is number =>
        Number.isInteger(found) && (found as number) >= least && (found as number) <= most;
      return take(key, `an integer ${bound}`, accepts);
    },
    number: (key, least, most) => {
      const accepts = (found: unknown): found is number => typeof found === 'number' && found >= least && found <= most;
      return take(key, `a number ${describeRange(least, most)}`, accepts);
    },
    text: (key) => take(key, 'a text', isText),
    texts(key) {
      const accepts = (found: unknown): found is string | readonly string[] =>
        isText(found) || (Array.isArray(found) && found.length > 0 && found.every(isText));
      const found = take(key, 'a text or a list of texts', accepts);
      return typeof found === 'string' ? [found] : found;
    },
    oneOf: <const C extends string>(key: string, choices: readonly C[]) =>
      take(key, `one of ${choices.join(', ')}`, (found): found is C => choices.includes(found as C)),
    custom(key, parse) {
      asked.add(key);
      const found = Object.hasOwn(object, key) ? object[key] : undefined;
      return found === undefined ? undefined : parse(found, `${where}.${key}`);
    },
  });
  for (const key of Object.keys(object)) {
    if (asked.has(key)) continue;
    const known = [...asked].join(', ');
    throw new ConfigError({
      where: `${where}.${key}`,
      expected: `a known key (${known})`,
      got: 'an unknown one',
      fix: 'correct or remove it',
    });
  }
  return Object.fromEntries(Object.entries(result).filter(([, entry]) => entry !== undefined)) as Present<T>;
}

/** The least number above 0 stands for 0 left out, the largest one for no bound. */
function describeRange(least: number, most: number): string {
  const lower = least === Number.MIN_VALUE ? 'above 0' : `of at least ${least}`;
  if (most === Number.MAX_VALUE) return lower;
  return least === Number.MIN_VALUE ? `${lower}, at most ${most}` : `from ${least} to ${most}`;
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
