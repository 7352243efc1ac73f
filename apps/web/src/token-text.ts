/** How tokens are shown: also those that would be invisible. */
import type { Tokenizer } from '@yoco-u/spec';

const visible: Readonly<Record<string, string>> = { ' ': '·', '\n': '↵', '\t': '⇥' };

/** The text of one token, with its white space made visible; bytes that are no whole character read `�`. */
export function showToken(tokenizer: Tokenizer, id: number): string {
  if (id >= tokenizer.vocabularySize) return '';
  for (const [name, special] of tokenizer.specialTokens)
    if (special === id) return `⟨${name.replace(/^<\|?|\|?>$/g, '')}⟩`;
  const text = new TextDecoder().decode(tokenizer.bytesOf(id));
  return text.replace(/[ \n\t]/g, (space) => visible[space]!);
}

/** Ids of a text as a prompt: with BOS in front where the model has one. */
export function promptIds(model: { tokenizer: Tokenizer; bosTokenId: number | undefined }, text: string): number[] {
  const ids = model.tokenizer.encode(text);
  return model.bosTokenId === undefined ? ids : [model.bosTokenId, ...ids];
}
