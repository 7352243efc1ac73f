/** A tokenizer that refuses at once what cannot fit: tokenising a megabyte takes seconds. */
import { CapacityError, type Tokenizer } from '@yoco-u/spec';

/** `encode` throws `CapacityError` for a text that is over `tokens` even if it were made of the longest tokens only. */
export function boundTokenizer(tokenizer: Tokenizer, tokens: number): Tokenizer {
  let longest = 1;
  for (let id = 0; id < tokenizer.vocabularySize; id++) longest = Math.max(longest, tokenizer.bytesOf(id).length);
  // a token of n bytes is at most n UTF-16 units
  const most = tokens * longest;
  return {
    vocabularySize: tokenizer.vocabularySize,
    specialTokens: tokenizer.specialTokens,
    encode(text, options) {
      if (text.length <= most) return tokenizer.encode(text, options);
      throw new CapacityError({
        where: 'prompt',
        expected: `at most ${most} characters (${tokens} tokens, which the context holds)`,
        got: `${text.length}`,
        fix: 'shorten it',
      });
    },
    decode: (ids) => tokenizer.decode(ids),
    bytesOf: (id) => tokenizer.bytesOf(id),
    createDecoder: () => tokenizer.createDecoder(),
  };
}
