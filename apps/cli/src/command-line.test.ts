import { type SpawnOptions, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openSafetensors } from '@yoco-u/checkpoint';
import { openFileSource } from '@yoco-u/checkpoint/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');
const model = join(import.meta.dirname, '../model');
const golden = join(import.meta.dirname, '../../../fixtures/golden');

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line from its sources, as a user would. */
async function run(args: readonly string[], input?: string, stop?: (out: string) => boolean): Promise<Result> {
  const options: SpawnOptions = { stdio: ['pipe', 'pipe', 'pipe'] };
  const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', main, ...args], options);
  child.stdin!.end(input ?? '');
  const chunks: string[] = [];
  let stopped = false;
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.push(chunk);
    if (stopped || !stop?.(chunks.join(''))) return;
    stopped = true;
    child.kill('SIGINT');
  });
  const err = text(child.stderr!);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out: chunks.join(''), err: await err };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yoco-u-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of the bundled model with one file changed. */
async function broken(name: string, file: string, change: (content: Buffer) => Buffer | string): Promise<string> {
  const path = join(folder, name);
  await cp(model, path, { recursive: true });
  await writeFile(join(path, file), change(await readFile(join(path, file))));
  return path;
}

describe('generate', () => {
  test('streams text to standard output and figures to standard error', async () => {
    const { code, out, err } = await run(['generate', '--prompt', 'The fox', '--max-tokens', '12', '--seed', '7']);
    expect(code).toBe(0);
    expect(out.startsWith('The fox')).toBe(true);
    expect(err).toMatch(
      /12 tokens \(length\) · seed 7 · prefill .* tokens\/s · decode .* tokens\/s · cache .* · wasm, .* threads?/,
    );
  });

  test('the same seed gives the same text; other seeds and iterations do not', async () => {
    const common = ['generate', '--max-tokens', '24', '--json'];
    const texts = await Promise.all(
      [
        ['--seed', '7'],
        ['--seed', '7', '--threads', '1'],
        ['--seed', '8'],
        ['--seed', '7', '--iterations', '1'],
      ].map(async (options) => JSON.parse((await run([...common, ...options])).out).text as string),
    );
    expect(texts[1]).toBe(texts[0]);
    expect(new Set(texts).size).toBe(3);
  });

  test('without a seed it says which it drew, so that a text can be had again', async () => {
    const write = async (...more: string[]) => {
      const { out, err } = await run(['generate', '--max-tokens', '12', ...more]);
      return { out, seed: / · seed (\d+) · /.exec(err)![1]! };
    };
    const first = await write();
    expect(await write('--seed', first.seed)).toEqual(first);
  });

  test('--json is one object with what a program needs', async () => {
    const { out } = await run(['generate', '--prompt', 'Once', '--max-tokens', '5', '--temperature', '0', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      text: expect.any(String),
      tokens: expect.arrayContaining([expect.any(Number)]),
      finishReason: 'length',
      usage: { completionTokens: 5, promptTokens: expect.any(Number), cacheBytes: expect.any(Number) },
      timings: { decodeTokensPerSecond: expect.any(Number), prefillTokensPerSecond: expect.any(Number) },
    });
  });

  test('Ctrl-C stops cleanly', async () => {
    const args = ['generate', '--max-tokens', '2000', '--ignore-eos', '--seed', '1'];
    const { code, out, err } = await run(args, '', (shown) => shown.length > 40);
    expect(code).toBe(130);
    expect(err).toContain('(abort)');
    expect(out.endsWith('\n')).toBe(true);
  });

  test('a prompt from standard input', async () => {
    const { out } = await run(['generate', '--prompt-file', '-', '--max-tokens', '2', '--seed', '1'], 'The wolf');
    expect(out.startsWith('The wolf')).toBe(true);
  });
});

describe('score', () => {
  test('says what was scored, and how', async () => {
    const path = join(folder, 'text.txt');
    await writeFile(path, 'The fox ran home.\n<|endoftext|>\nThe wolf did not.');
    const plain = JSON.parse((await run(['score', '--text-file', path, '--json'])).out);
    expect(plain).toMatchObject({ bytes: 49, documents: 1, window: 2047 });
    const split = JSON.parse((await run(['score', '--text-file', path, '--documents', '--window', '4', '--json'])).out);
    expect(split).toMatchObject({ bytes: 34, documents: 2, window: 4 });
    expect(split.bitsPerByte).toBeCloseTo((split.loss * split.tokens) / Math.LN2 / split.bytes, 9);
    expect(split.perplexity).toBeCloseTo(Math.exp(split.loss), 6);
  });
});

describe('score, interrupted', () => {
  test('ends with 130 and says nothing', async () => {
    const path = join(folder, 'long.txt');
    await writeFile(path, 'The fox ran home, and the wolf did not. '.repeat(20_000));
    const child = spawn(process.execPath, [
      '--conditions',
      '@yoco-u/source',
      main,
      'score',
      '--text-file',
      path,
      '--backend',
      'reference',
    ]);
    const out = Promise.all([text(child.stdout), text(child.stderr)]);
    // the handler is there once the model has loaded; a signal before that ends the process by itself
    const loaded = setInterval(() => child.kill('SIGINT'), 1500);
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.on('close', (...end) => resolve(end)),
    );
    clearInterval(loaded);
    expect([code ?? 130, signal ?? 'SIGINT']).toEqual([130, 'SIGINT']);
    expect(await out).toEqual(['', '']);
  });
});

describe('inspect', () => {
  test('compares the systems, and prints the program', async () => {
    const { systems } = JSON.parse((await run(['inspect', '--json'])).out);
    expect(systems.map(({ name }: { name: string }) => name)).toEqual([
      'this model',
      'Transformer',
      'Universal Transformer',
      'RINS',
      'YOCO',
      'YOCO-U',
    ]);
    const source = await openFileSource(join(model, 'model.safetensors'));
    const { tensors } = await openSafetensors(source);
    await source.close?.();
    expect(systems[0].parameters).toBe([...tensors.values()].reduce((sum, { elements }) => sum + elements, 0));
    expect((await run(['inspect'])).out).toContain('cache 1M');
    expect((await run(['inspect', '--program'])).out).toContain('attention.sliding_window');
  });
});

describe('verify', () => {
  test('passes on a good folder', async () => {
    const { code, out } = await run(['verify', join(golden, 'yoco_u'), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ pass: true, tolerance: 1e-4 });
  });

  test('exits with 1 where a number is off', async () => {
    const { code, out } = await run(['verify', join(golden, 'yoco_u'), '--tolerance', '1e-9', '--threads', '1']);
    expect(code).toBe(1);
    expect(out).toMatch(/FAIL {2}1\.\d+e-6 {2}logits, full forward/);
  });

  test('takes the steps of a training run', async () => {
    const { code, out } = await run(['verify', join(golden, 'train_yoco_u'), '--backend', 'reference']);
    expect([code, out]).toEqual([0, expect.stringMatching(/pass {2}\S+ {2}losses of 5 AdamW steps/)]);
  });

  test('says what a folder lacks', async () => {
    const { code, err } = await run(['verify', model]);
    expect([code, err]).toEqual([2, expect.stringContaining('expected io.safetensors')]);
  });
});

test('says its version', async () => {
  const manifest = await readFile(join(import.meta.dirname, '../package.json'), 'utf8');
  expect((await run(['--version'])).out).toBe(`${JSON.parse(manifest).version}\n`);
});

describe('bad input ends with 2, one line and no stack', () => {
  test.each([
    ['a folder that is none', () => ['generate', '/nowhere'], 'expected a model folder'],
    ['a temperature that is no number', () => ['generate', '--temperature', 'warm'], "got 'warm'"],
    ['an unknown option', () => ['generate', '--warm'], "unknown option '--warm'"],
    ['an option that is nearly one', () => ['generate', '--max-token', '3'], 'Did you mean --max-tokens?'],
    ['a seed beyond exact integers', () => ['generate', '--seed', '9007199254740993'], 'to 9007199254740991'],
    ['an unknown command', () => ['dream'], "unknown command 'dream'"],
    [
      'a prompt that does not fit',
      () => ['generate', '--context', '3', '--prompt', 'a b c d e f g h'],
      'at most 3 tokens',
    ],
    ['too many iterations', () => ['generate', '--iterations', '100000'], 'layer applications'],
    ['a missing text', () => ['score', '--text-file', '/nowhere.txt'], '/nowhere.txt: expected a file or folder, got'],
    [
      'a folder as text',
      () => ['score', '--text-file', folder],
      `: expected a file, got a folder (EISDIR); name a file`,
    ],
    ['a text without end', () => ['score', '--text-file', '/dev/zero'], 'at most 256 MiB'],
    ['a missing tokenizer', () => ['tokenizer', 'encode', '/nowhere', 'a'], '/nowhere: expected a file or folder, got'],
    [
      'a config with two values of one key',
      async () => [
        'inspect',
        await broken('twice', 'config.json', (json) => String(json).replace('{', '{ "head_dim": 8,')),
      ],
      'the key "head_dim" only once',
    ],
    ['a text that is none', () => ['score', '--text-file', join(model, 'model.safetensors')], 'expected UTF-8'],
    ['an empty text', () => ['score', '--text-file', '-'], 'at least one token'],
    [
      'an unknown stage key',
      () => broken('key', 'config.json', (json) => String(json).replace('"window"', '"windw"')),
      'windw',
    ],
    ['a config that is no JSON', () => broken('json', 'config.json', (json) => json.subarray(0, 50)), 'config.json'],
    [
      'truncated weights',
      () => broken('short', 'model.safetensors', (bytes) => bytes.subarray(0, 90_000)),
      'model.safetensors',
    ],
    ['wrong sizes', () => broken('size', 'config.json', (json) => String(json).replace('432', '433')), 'gate_proj'],
    ['a tokenizer that is none', () => broken('tokens', 'tokenizer.json', () => '{}'), 'tokenizer'],
  ])('%s', async (_name, make, message) => {
    const made = await make();
    const { code, out, err } = await run(typeof made === 'string' ? ['generate', made] : made);
    expect(err).toContain(message);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).not.toMatch(/\n\s+at /);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
