export type { BpeTokenizer } from './bpe-tokenizer.ts';
export { importLlama2cTokenizer } from './import-llama2c.ts';
export { parseTokenizer, serializeTokenizer } from './parse-tokenizer.ts';
export type { AddedTokenJson, BpeModelJson, ComponentJson, TokenizerJson } from './tokenizer-json.ts';
export type { TrainTokenizerOptions, TrainTokenizerProgress } from './training/train-options.ts';
export { trainTokenizer } from './training/train-tokenizer.ts';
