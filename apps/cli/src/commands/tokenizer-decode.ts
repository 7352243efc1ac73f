/** `tokenizer decode`: ids to text. */
import { UsageError } from '../run-program.ts';
import { openTokenizer } from '../tokenizer/open-tokenizer.ts';

export interface TokenizerDecodeOptions {
  readonly json?: boolean;
}

/** @param values `[model] ids...`; a first value of digits only is an id */
export async function tokenizerDecode(values: readonly string[], options: TokenizerDecodeOptions): Promise<void> {
  const model = isId(values[0]) ? undefined : values[0];
  const given = model === undefined ? values : values.slice(1);
  const wrong = given.find((value) => !isId(value));
  if (given.length === 0 || wrong !== undefined) {
    const got = wrong === undefined ? 'none' : `'${wrong}'`;
    throw new UsageError(`tokenizer decode: expected ids, got ${got}; write [model] 12 345 6`);
  }
  const text = (await openTokenizer(model)).decode(given.map(Number));
  console.log(options.json === true ? JSON.stringify({ text }) : text);
}

function isId(value: string): boolean {
  return /^\d+$/.test(value);
}
