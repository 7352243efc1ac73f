/** Running generations to their end. */
import type { FinishPart, GenerateRequest, LanguageModel, PromptPart, TokenPart } from '@yoco-u/spec';
import { expectEqual, expectThat } from './expectations.ts';

/** A generation as its parts told it. */
export interface Generation {
  readonly ids: readonly number[];
  readonly tokens: readonly TokenPart[];
  readonly prompt: PromptPart | undefined;
  readonly text: string;
  /** The text in pieces, with the count of ids that had come before each. */
  readonly pieces: readonly { readonly text: string; readonly after: number }[];
  readonly finish: FinishPart;
}

/** Runs to the end, and checks the order of parts on the way. `onToken` is told the count of ids so far. */
export async function generateAll(
  model: LanguageModel,
  request: GenerateRequest,
  onToken?: (count: number) => void,
): Promise<Generation> {
  const ids: number[] = [];
  const pieces: { text: string; after: number }[] = [];
  const tokens: TokenPart[] = [];
  let prompt: PromptPart | undefined;
  let finish: FinishPart | undefined;
  for await (const part of model.generate(request)) {
    expectThat(finish === undefined, 'generate', 'nothing after the finish part', part.type);
    if (part.type === 'token') {
      const known = Number.isInteger(part.id) && part.id >= 0 && part.id < model.vocabularySize;
      expectThat(known, 'a token part', `an id below ${model.vocabularySize}`, part.id);
      ids.push(part.id);
      tokens.push(part);
      onToken?.(ids.length);
    } else if (part.type === 'text') {
      expectThat(part.text !== '', 'a text part', 'some text', "''");
      pieces.push({ text: part.text, after: ids.length });
    } else if (part.type === 'prompt') {
      const first = prompt === undefined && ids.length === 0 && pieces.length === 0;
      expectThat(first, 'a prompt part', 'one, before everything else', 'another place');
      prompt = part;
    } else finish = part;
  }
  expectThat(finish !== undefined, 'generate', 'a finish part at the end', 'none');
  expectEqual('usage.completionTokens', finish.usage.completionTokens, ids.length);
  return { ids, tokens, prompt, text: pieces.map(({ text }) => text).join(''), pieces, finish };
}

/** The ids that a prompt stands for: BOS, where the model has one, and the text's. */
export function promptIds(model: LanguageModel, prompt: string): number[] {
  const ids = model.tokenizer.encode(prompt);
  return model.bosTokenId === undefined ? ids : [model.bosTokenId, ...ids];
}

/** What ids add to the text of a prompt that ends in whole characters. */
export function textAfter({ tokenizer }: LanguageModel, prompt: readonly number[], ids: readonly number[]): string {
  return tokenizer.decode([...prompt, ...ids]).slice(tokenizer.decode(prompt).length);
}

/** Drains a generation that is expected to fail. */
export async function drain(model: LanguageModel, request: GenerateRequest): Promise<void> {
  for await (const _ of model.generate(request));
}
