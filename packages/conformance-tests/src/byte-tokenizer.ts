/** A tokenizer of 256 byte tokens, a few merges and one special token. */
import { type BpeTokenizer, parseTokenizer } from '@yoco-u/tokenizer';

/** GPT-2's names of the bytes: printable ones stand for themselves, the others for letters from U+0100 on. */
function byteNames(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

const merges = [
  ['t', 'h'],
  ['th', 'e'],
  ['Ġ', 'the'],
  ['o', 'n'],
] as const;

/** Ids: 0 to 255 the bytes, then a token a merge, last `<|endoftext|>`. */
export function createByteTokenizer(): BpeTokenizer {
  const tokens = [...byteNames(), ...merges.map((pair) => pair.join(''))];
  return parseTokenizer({
    version: '1.0',
    added_tokens: [{ id: tokens.length, content: '<|endoftext|>', special: true }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  });
}
