/**
 * Training speed and memory on a text file, which may be compressed (.br).
 *
 *   node --conditions @yoco-u/source packages/tokenizer/bench/train.ts text.txt[.br] [vocabulary size]
 */

import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { serializeTokenizer, trainTokenizer } from '../src/index.ts';

const [path, size = '4096'] = process.argv.slice(2);
if (path === undefined) throw new Error('give the path of a text');

const bytes = readFileSync(path);
const text = (path.endsWith('.br') ? brotliDecompressSync(bytes) : bytes).toString('utf8');
const megabytes = Buffer.byteLength(text) / 1e6;
const idle = process.memoryUsage.rss();
console.log(`node ${process.version}, ${process.platform} ${process.arch}, ${megabytes.toFixed(1)} MB of text`);

const start = performance.now();
let counted = start;
let last = start;
let longest = 0;
const tick = () => {
  longest = Math.max(longest, performance.now() - last);
  last = performance.now();
};
const tokenizer = await trainTokenizer([text], {
  vocabularySize: Number(size),
  specialTokens: ['<|endoftext|>'],
  onProgress({ phase }) {
    if (phase === 'counting') counted = performance.now();
    tick();
  },
  onWarning: console.warn,
});
tick();
const end = performance.now();
const peak = process.resourceUsage().maxRSS * 1024;

console.log(`  counting             ${((counted - start) / 1000).toFixed(2).padStart(8)} s`);
console.log(
  `  merging              ${((end - counted) / 1000).toFixed(2).padStart(8)} s  ${tokenizer.vocabularySize} tokens`,
);
console.log(`  longest slice        ${longest.toFixed(0).padStart(8)} ms`);
console.log(
  `  memory at the peak   ${(peak / 1e6).toFixed(0).padStart(8)} MB, ${(idle / 1e6).toFixed(0)} MB of them before`,
);
const ids = tokenizer.encode(text).length;
console.log(`  bytes a token        ${((megabytes * 1e6) / ids).toFixed(3).padStart(8)}`);
console.log(`  tokenizer.json       ${(serializeTokenizer(tokenizer).length / 1e3).toFixed(0).padStart(8)} kB`);
