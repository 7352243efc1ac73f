/** The tokenizer that a run learns from its text. */
import { serializeTokenizer, trainTokenizer } from '@yoco-u/tokenizer';
import { documentSeparator, type TextChunks } from './data/document-pieces.ts';

export interface LearnTokenizerOptions {
  /** Tokens learned. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** tokenizer.json, with one special token: what stands between documents. Throws `TokenizerError`. */
export async function learnTokenizer(
  texts: TextChunks,
  vocabularySize: number,
  { onProgress, onWarning, signal }: LearnTokenizerOptions,
): Promise<string> {
  const tokenizer = await trainTokenizer(texts, {
    vocabularySize,
    specialTokens: [documentSeparator],
    onProgress({ phase, done, total }) {
      if (phase === 'merging') onProgress?.(done, total ?? 0);
    },
    ...(signal === undefined ? {} : { signal }),
    ...(onWarning === undefined ? {} : { onWarning }),
  });
  return serializeTokenizer(tokenizer);
}
