/** `tokenizer encode`: text to ids. */
import { readText } from '../read-text.ts';
import { UsageError } from '../run-program.ts';
import { openTokenizer } from '../tokenizer/open-tokenizer.ts';

export interface TokenizerEncodeOptions {
  readonly textFile?: string;
  readonly special?: boolean;
  readonly json?: boolean;
}

/** @param values `[model] text`, or `[model]` where the text comes from a file; `-` is standard input */
export async function tokenizerEncode(values: readonly string[], options: TokenizerEncodeOptions): Promise<void> {
  const { model, text } = await readArguments(values, options.textFile);
  const tokenizer = await openTokenizer(model);
  const ids = tokenizer.encode(text, { special: options.special === true });
  if (options.json !== true) {
    console.log(ids.join(' '));
    return;
  }
  const tokens = ids.map((id) => tokenizer.decode([id]));
  console.log(JSON.stringify({ ids, tokens, count: ids.length, bytes: Buffer.byteLength(text) }));
}

async function readArguments(values: readonly string[], textFile: string | undefined) {
  const most = textFile === undefined ? 2 : 1;
  if (values.length < most - 1 || values.length > most) {
    const expected =
      textFile === undefined ? '[model] and a text (or - for standard input)' : '[model] beside --text-file';
    throw new UsageError(`tokenizer encode: expected ${expected}, got ${values.length} arguments; quote the text`);
  }
  if (textFile !== undefined) return { model: values[0], text: await readText(textFile) };
  const text = values.at(-1)!;
  return { model: values.length === 2 ? values[0] : undefined, text: text === '-' ? await readText('-') : text };
}
