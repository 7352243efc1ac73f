/** Command lines of recipes. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigError } from '@yoco-u/spec';

export interface RecipeOptions {
  /** Files, folders, patterns or packages of text. */
  readonly data: readonly string[];
  /** The same, to validate on; absent: a share of the documents of `data`. */
  readonly validationData: readonly string[] | undefined;
  /** Where everything is kept, and gone on from when the recipe is started again. */
  readonly out: string;
  /** Absent: all cores. */
  readonly threads: number | undefined;
}

/** Throws `ConfigError` for options that are missing, unknown or of no use. */
export function parseRecipeOptions(argv: readonly string[]): RecipeOptions {
  const usage = '--data PATH … --out DIR [--validation-data PATH …] [--threads N]';
  const values = parseFlags(argv, usage, {
    data: { type: 'string', multiple: true },
    'validation-data': { type: 'string', multiple: true },
    out: { type: 'string' },
    threads: { type: 'string' },
  });
  const { data, out, threads, 'validation-data': validationData } = values;
  if (data === undefined || out === undefined) throw missing(argv, usage);
  return { data, validationData, out, threads: threadCount(threads) };
}

/** Values by name. Throws `ConfigError` for flags that are not among `options`. */
export function parseFlags<T extends NonNullable<ParseArgsConfig['options']>>(
  argv: readonly string[],
  usage: string,
  options: T,
) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError({ where: 'options', expected: usage, got }, { cause });
  }
}

export function missing(argv: readonly string[], usage: string): ConfigError {
  return new ConfigError({ where: 'options', expected: usage, got: argv.join(' ') || 'none' });
}

/** Undefined for an option that is absent. Throws `ConfigError`. */
export function threadCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count;
  throw new ConfigError({ where: '--threads', expected: 'an integer from 1 to 256', got: text });
}
