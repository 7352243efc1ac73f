/** Scores of texts: spec section 7. */
import { type LanguageModel, RequestError, type ScoreOptions } from '@yoco-u/spec';

export interface ScoreTextOptions extends ScoreOptions {
  /** Scored tokens of one window. Default: the context less one. */
  readonly window?: number;
  /** Split the text at lines `<|endoftext|>` and score each document alone; separators are not counted. */
  readonly documents?: boolean;
  /** Tokens scored so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface TextScore {
  /** Mean of −ln p over the scored tokens. */
  readonly loss: number;
  readonly perplexity: number;
  /** Sum of −log₂ p over the UTF-8 bytes of the text. Does not depend on the tokenizer. */
  readonly bitsPerByte: number;
  /** Scored tokens. */
  readonly tokens: number;
  readonly bytes: number;
  readonly window: number;
  /** How many documents the text was split into; 1 without `documents`. */
  readonly documents: number;
}

/** A line `<|endoftext|>`, with the line break in front of it. */
const separator = /(?:^|\r?\n)<\|endoftext\|>(?=\r?\n|$)/;

/** What stands between separator lines, without the line breaks around them; empty documents left out. */
function splitDocuments(text: string): readonly string[] {
  const [first, ...rest] = text.split(separator);
  return [first!, ...rest.map((document) => document.replace(/^\r?\n/, ''))].filter((document) => document !== '');
}

/**
 * Cuts the text in windows, each conditioned on BOS and the tokens before it in its own window. Without a BOS, a window's
 * first id goes unscored and its bytes still count. Throws `RequestError` for a text without anything to score.
 */
export async function scoreText(
  model: LanguageModel,
  text: string,
  options: ScoreTextOptions = {},
): Promise<TextScore> {
  const window = options.window ?? model.contextLength - 1;
  if (!Number.isInteger(window) || window < 1 || window > model.contextLength) {
    throw new RequestError({
      where: 'score: window',
      expected: `an integer from 1 to ${model.contextLength}, the context`,
      got: `${window}`,
    });
  }
  const parts = options.documents === true ? splitDocuments(text) : [text];
  const encoded = parts.map((part) => model.tokenizer.encode(part));
  const total = encoded.reduce((sum, ids) => sum + ids.length, 0);
  const encoder = new TextEncoder();
  const bytes = parts.reduce((sum, part) => sum + encoder.encode(part).length, 0);
  const bos = model.bosTokenId === undefined ? [] : [model.bosTokenId];
  let nats = 0;
  let tokens = 0;
  let done = 0;
  for (const ids of encoded) {
    for (let start = 0; start < ids.length; start += window) {
      const piece = [...bos, ...ids.slice(start, start + window)];
      done += piece.length - bos.length;
      if (piece.length < 2) continue;
      const losses = await model.score(piece, 1, options);
      for (const loss of losses) nats += loss;
      tokens += losses.length;
      options.onProgress?.(done, total);
    }
  }
  if (tokens === 0) {
    throw new RequestError({ where: 'score: text', expected: 'at least one token to score', got: 'none' });
  }
  const loss = nats / tokens;
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: nats / Math.LN2 / bytes,
    tokens,
    bytes,
    window,
    documents: parts.length,
  };
}
