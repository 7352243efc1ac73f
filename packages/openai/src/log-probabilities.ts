/** Log-probabilities in OpenAI's two shapes. */
import type { AlternativeToken, PromptToken, Tokenizer } from '@yoco-u/spec';
import type { ChatLogprobs, CompletionLogprobs } from './schemas/responses.ts';

/** JSON has no -Infinity: OpenAI's stand-in for what cannot be. */
const impossible = -9999;

/** Gives each id of a text, in order, the place where it begins. */
export interface Offsets {
  next(id: number): number;
}

/** Offsets in UTF-16 units; `before` are ids that the text follows, which it does not hold. */
export function createOffsets(tokenizer: Tokenizer, before: readonly number[]): Offsets {
  const decoder = tokenizer.createDecoder();
  for (const id of before) decoder.push(id);
  let length = 0;
  return {
    next(id) {
      const offset = length;
      length += decoder.push(id).length;
      return offset;
    },
  };
}

/** For completions: parallel arrays. A token without a log-probability (the prompt's first) has null. */
export function completionLogprobs(
  tokenizer: Tokenizer,
  tokens: readonly PromptToken[],
  offsets: Offsets,
): CompletionLogprobs {
  return {
    tokens: tokens.map(({ id }) => tokenText(tokenizer, id)),
    token_logprobs: tokens.map(({ logProbability }) => (logProbability === undefined ? null : finite(logProbability))),
    top_logprobs: tokens.map((token) => topLogprobs(tokenizer, token)),
    text_offset: tokens.map(({ id }) => offsets.next(id)),
  };
}

/** For chat completions: an object a token. */
export function chatLogprobs(tokenizer: Tokenizer, tokens: readonly PromptToken[]): ChatLogprobs {
  const describe = ({ id, logProbability }: AlternativeToken) => {
    const bytes = tokenizer.bytesOf(id);
    return {
      token: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
      logprob: finite(logProbability),
      bytes: [...bytes],
    };
  };
  const content = tokens.map(({ id, logProbability = impossible, alternatives = [] }) => ({
    ...describe({ id, logProbability }),
    top_logprobs: alternatives.map(describe),
  }));
  return { content, refusal: null };
}

function topLogprobs(tokenizer: Tokenizer, token: PromptToken): Record<string, number> | null {
  const { id, logProbability, alternatives = [] } = token;
  if (logProbability === undefined) return null;
  // the token itself is among them even where others are likelier, as in OpenAI's answers
  const all = alternatives.some((other) => other.id === id) ? alternatives : [...alternatives, { id, logProbability }];
  return Object.fromEntries(all.map((other) => [tokenText(tokenizer, other.id), finite(other.logProbability)]));
}

/** The token as text, or `bytes:\xe2\x80` where it is no whole characters. */
function tokenText(tokenizer: Tokenizer, id: number): string {
  const bytes = tokenizer.bytesOf(id);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }
}

function finite(logProbability: number): number {
  return Math.max(logProbability, impossible);
}
