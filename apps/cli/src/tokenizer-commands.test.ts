import { type ChildProcess, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { brotliCompressSync } from 'node:zlib';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');
const model = join(import.meta.dirname, '../model');

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a `tokenizer` command from its sources, as a user would. */
async function run(args: readonly string[], input = '', onStart?: (child: ChildProcess) => void): Promise<Result> {
  const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', main, 'tokenizer', ...args]);
  onStart?.(child);
  child.stdin.end(input);
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { code, out, err };
}

/** The guide of this package, as text to learn from. */
let guide: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yoco-u-cli-tokenizer-'));
  guide = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

describe('train', () => {
  test('files, folders and compressed files; separators are not learned', async () => {
    const plain = await write('texts/deep/b.txt', `${guide}\n<|endoftext|>\n${guide}`);
    await write('texts/a.txt.br', brotliCompressSync(Buffer.from(`${guide}\n<|endoftext|>\nLast.`)));
    await write('texts/c.html', 'skipped '.repeat(999));
    const out = join(folder, 'made/by/train');
    const args = ['train', '--data', join(folder, 'texts'), plain, '--vocabulary-size', '401', '--out', out];
    const { code, out: printed } = await run([...args, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({
      path: join(out, 'tokenizer.json'),
      vocabularySize: 401,
      specialTokens: { '<|endoftext|>': 400 },
      files: 2,
      documents: 4,
      textBytes: 3 * Buffer.byteLength(guide) + 'Last.'.length,
      warnings: [],
    });
    expect(await readdir(out)).toEqual(['tokenizer.json']);
    const file = await readFile(join(out, 'tokenizer.json'), 'utf8');
    const tokenizer = parseTokenizer(file);
    expect(tokenizer.decode(tokenizer.encode(guide))).toBe(guide);
    expect(file).not.toContain('skip');
    expect(tokenizer.encode('endoftext').length).toBeGreaterThan(4);

    expect((await run(args)).out).toContain('401 tokens, 1 of them special');
    expect(await readFile(join(out, 'tokenizer.json'), 'utf8')).toBe(file);
  });

  test('special tokens, words and frequencies as asked for, to a file', async () => {
    const data = await write('ab.txt', 'abab cdcd abab');
    const out = join(folder, 'small.json');
    const common = ['train', '--data', data, '--vocabulary-size', '300', '--out', out];
    const { code, err } = await run([
      ...common,
      '--special',
      '<s>',
      '</s>',
      '--pattern',
      '[a-z]',
      '--min-frequency',
      '1',
    ]);
    expect(code).toBe(0);
    expect(err).toMatch(/^warning: .* expected text for 300 tokens, got 258/);
    expect([...parseTokenizer(await readFile(out, 'utf8')).specialTokens.keys()]).toEqual(['<s>', '</s>']);
    expect((await run([...common, '--no-special'])).code).toBe(0);
    expect(parseTokenizer(await readFile(out, 'utf8')).specialTokens.size).toBe(0);
  });

  test('Ctrl-C writes nothing', async () => {
    const data = await write('long.txt', `${guide}\n`.repeat(Math.ceil(4e7 / guide.length)));
    const parent = join(folder, 'interrupted');
    await mkdir(parent);
    const result = await run(
      ['train', '--data', data, '--vocabulary-size', '4096', '--out', join(parent, 'out')],
      '',
      (child) => {
        // The folder is made right before the work starts.
        const watcher = watch(parent, () => {
          watcher.close();
          child.kill('SIGINT');
        });
      },
    );
    expect(result).toEqual({ code: 130, out: '', err: 'interrupted; nothing was written\n' });
    expect(await readdir(join(parent, 'out'))).toEqual([]);
  });
});

describe('encode and decode', () => {
  test('a text of any source, by any tokenizer', async () => {
    const bundled = parseTokenizer(await readFile(join(model, 'tokenizer.json'), 'utf8'));
    const sentence = 'Once upon a time\n there was “naïve” 😀.';
    const ids = `${bundled.encode(sentence).join(' ')}\n`;
    const path = await write('sentence.txt', sentence);
    const results = await Promise.all([
      run(['encode', sentence]),
      run(['encode', model, sentence]),
      run(['encode', join(model, 'tokenizer.json'), '-'], sentence),
      run(['encode', '--text-file', path]),
      run(['encode', model, '--text-file', '-'], sentence),
    ]);
    for (const result of results) expect(result).toEqual({ code: 0, out: ids, err: '' });

    const numbers = ids.trim().split(' ');
    expect((await run(['decode', ...numbers])).out).toBe(`${sentence}\n`);
    expect((await run(['decode', model, ...numbers])).out).toBe(`${sentence}\n`);
    expect(JSON.parse((await run(['decode', '--json', ...numbers])).out)).toEqual({ text: sentence });
  });

  test('special tokens only where asked for; --json says what they are', async () => {
    const input = 'a<|endoftext|>';
    const plain = JSON.parse((await run(['encode', input, '--json'])).out);
    const special = JSON.parse((await run(['encode', input, '--special', '--json'])).out);
    expect(plain.tokens.join('')).toBe(input);
    expect(special).toMatchObject({ tokens: ['a', '<|endoftext|>'], count: 2, bytes: 14 });
    expect(plain.count).toBeGreaterThan(2);
  });
});

describe('bad input ends with 2, one line and no stack', () => {
  const train = (data: string, ...more: string[]) => [
    'train',
    '--data',
    data,
    '--out',
    join(folder, 'bad.json'),
    ...more,
  ];
  test.each<readonly [string, () => Promise<readonly string[]>, string]>([
    ['no size', async () => train(folder), "'--vocabulary-size <count>' not specified"],
    ['a size below the bytes', async () => train(folder, '--vocabulary-size', '255'), "from 256 on, got '255'"],
    ['no room for special tokens', async () => train(main, '--vocabulary-size', '256'), 'from 257'],
    ['data that is missing', async () => train('/nowhere', '--vocabulary-size', '300'), '/nowhere'],
    [
      'a folder without texts',
      async () => train(join(import.meta.dirname, 'commands'), '--vocabulary-size', '300'),
      'expected files of text, got no *.txt and no *.md',
    ],
    [
      'text that is none',
      async () => train(join(model, 'model.safetensors'), '--vocabulary-size', '300'),
      'model.safetensors: expected text',
    ],
    [
      'brotli that is none',
      async () => train(await write('bad.txt.br', 'no brotli at all'), '--vocabulary-size', '300'),
      'bad.txt.br: expected brotli data',
    ],
    [
      'brotli that is cut off',
      async () => {
        const data = brotliCompressSync(Buffer.from(guide)).subarray(0, -9);
        return train(await write('short.txt.br', data), '--vocabulary-size', '300');
      },
      'short.txt.br: expected brotli data',
    ],
    ['a pattern that is none', async () => train(main, '--vocabulary-size', '300', '--pattern', '('), 'pattern'],
    ['no text to encode', async () => ['encode'], 'got 0 arguments'],
    ['a text that is not quoted', async () => ['encode', 'a', 'b', 'c'], 'got 3 arguments; quote the text'],
    ['a tokenizer that is missing', async () => ['encode', '/nowhere', 'a'], '/nowhere'],
    ['a tokenizer that is none', async () => ['encode', join(model, 'config.json'), 'a'], 'config.json: model'],
    ['no ids', async () => ['decode', model], 'expected ids, got none'],
    ['an id that is none', async () => ['decode', '7', 'x'], "expected ids, got 'x'"],
    ['an id out of range', async () => ['decode', '7', '99999999'], 'got 99999999'],
  ])('%s', async (_name, make, message) => {
    const { code, out, err } = await run(await make());
    expect(err).toContain(message);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).not.toMatch(/\n\s+at /);
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  test('and leaves no file behind', async () => {
    expect((await readdir(folder)).filter((name) => /bad\.json|\.tmp$/.test(name))).toEqual([]);
  });
});
