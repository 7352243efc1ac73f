/** What a tokenizer.json says, checked: the plain data that a tokenizer is built from and written back from. */

import type { JsonObject } from './json-reader.ts';
import type { MergeList } from './merge-table.ts';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Matches only where no word character is beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before, or after, it along. */
  readonly stripLeft: boolean;
  readonly stripRight: boolean;
  /** Looked for in the normalized text instead of the text as given. */
  readonly normalized: boolean;
  /** Plain text unless special tokens are asked for. */
  readonly special: boolean;
}

export interface BpeModel {
  /** Ids of the model's own tokens; added tokens may lie outside. */
  readonly ids: ReadonlyMap<string, number>;
  readonly merges: MergeList;
  /** Id used for what has no token; undefined if there is none. */
  readonly unknown: number | undefined;
  /** One unknown token for a run of unknown characters. */
  readonly fuseUnknown: boolean;
  /** Unknown characters become tokens `<0x00>`..`<0xFF>`. */
  readonly byteFallback: boolean;
  /** A word that is a token is not merged. */
  readonly ignoreMerges: boolean;
}

export interface TokenizerDefinition {
  /** Text of every token by id, added tokens included. */
  readonly tokens: readonly string[];
  readonly addedTokens: readonly AddedToken[];
  readonly model: BpeModel;
  readonly normalizer: JsonObject | null;
  readonly preTokenizer: JsonObject | null;
  readonly decoder: JsonObject | null;
  /** How the file was written, for writing it back. */
  readonly source: {
    /** All keys but `added_tokens` and `model`, in the file's order, with null in the place of these two. */
    readonly top: JsonObject;
    /** Added tokens as they were, unknown keys included. */
    readonly addedTokens: readonly JsonObject[];
    /** The model's keys, with null in the place of `vocab` and `merges`. */
    readonly model: JsonObject;
    /** Merges were "a b" strings instead of pairs. */
    readonly mergesAsText: boolean;
  };
}
