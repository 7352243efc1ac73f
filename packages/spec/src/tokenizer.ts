/** Text to token ids and back. */

export interface EncodeOptions {
  /** Recognise special tokens written in the text (chat templates). Off by default: user text must not forge them. */
  readonly special?: boolean;
}

/** Turns a stream of ids into text; holds back bytes until they form whole characters. */
export interface TokenDecoder {
  /** The text that became complete with this id; may be empty. */
  push(id: number): string;
  /** Whatever is still held back, with U+FFFD for incomplete characters. Resets the decoder. */
  flush(): string;
}

export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** Special tokens by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Ids of the text, without BOS. */
  encode(text: string, options?: EncodeOptions): number[];
  /** Text of the ids; special tokens are written out as text. Throws `TokenizerError` for an id out of range. */
  decode(ids: Iterable<number>): string;
  /** The bytes of one token; a special token's are its text in UTF-8. */
  bytesOf(id: number): Uint8Array;
  createDecoder(): TokenDecoder;
}
