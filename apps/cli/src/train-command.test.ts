import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');
const tale = [
  'A fox saw a crow with a piece of cheese in its beak. "How well you look," said the fox. "Let me hear you sing."',
  'The crow opened its beak, and the cheese fell down. The fox ate it and went home.',
  'A hare laughed at a tortoise. "I shall be there before you are," said the tortoise, and so it was.',
  'A wolf came down to the water and saw a lamb. "You make my water dirty," said the wolf.',
];

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line from its sources; interrupts it once `stop` says so. */
async function run(args: readonly string[], stop?: (out: string) => boolean): Promise<Result> {
  const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', main, ...args]);
  let out = '';
  let stopped = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    if (stopped || stop?.(out) !== true) return;
    stopped = true;
    // what Ctrl-C does is tested with other commands
    child.kill('SIGTERM');
  });
  const err = text(child.stderr);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err: await err };
}

let folder: string;
let data: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yoco-u-train-'));
  data = at('tales.txt');
  const stories = Array.from(
    { length: 60 },
    (_, index) => `${tale[index % 4]}\n${tale[(index * 7 + 1) % 4]} (${index})`,
  );
  await writeFile(data, stories.join('\n<|endoftext|>\n'));
});
afterAll(() => rm(folder, { recursive: true }));

const small = ['--sequence-length', '16', '--batch', '4', '--vocabulary-size', '280', '--depth', '2', '--seed', '3'];

describe('train', () => {
  test('with nothing but a text: the loss falls, and the folder generates, scores and inspects', async () => {
    const out = at('run');
    const { code, out: shown, err } = await run(['train', '--data', data, '--out', out, '--steps', '20']);
    expect([code, err]).toEqual([0, '']);
    expect(shown).toMatch(/model {4}\d.* parameters: 2 self x3 \+ 2 cross x1 layers, width 128/);
    expect(shown).toMatch(/run .*20 steps .*FLOP/);
    expect(shown).toMatch(/memory .* weights .* gradients .* muon .* activations/);
    expect(shown).toMatch(
      /step 20\/20 · loss .* bits\/byte · rate .* norm .* tokens\/s · .* GFLOP\/s \(\d+% of FMA\) · 0 s left/,
    );
    const losses = [...shown.matchAll(/· loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 1);
    expect(shown).toContain('sample: ');
    const generated = await run(['generate', out, '--max-tokens', '5', '--seed', '1', '--json']);
    expect(JSON.parse(generated.out).tokens).toHaveLength(5);
    const scored = JSON.parse((await run(['score', out, '--text-file', data, '--documents', '--json'])).out);
    expect(scored.bitsPerByte).toBeLessThan(6);
    expect((await run(['inspect', out])).out).toContain('2 self layers (sliding_window) x3');
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('<svg');
  });

  test('a signal to end saves, ends with 130, and what is resumed ends as if nothing had been', async () => {
    let args: readonly string[] = [];
    let interrupted: Result | undefined;
    // on a busy machine a short run may be over before the signal comes
    for (let steps = 40; !interrupted?.out.includes('interrupted'); steps *= 4) {
      await rm(at('stopped'), { recursive: true, force: true });
      args = ['train', '--data', data, '--steps', String(steps), '--save-every', '15', ...small];
      interrupted = await run([...args, '--out', at('stopped')], (out) => /step +1\//.test(out));
      expect([interrupted.code, interrupted.err]).toEqual([expect.any(Number), '']);
    }
    expect(interrupted.code).toBe(130);
    expect(interrupted.out).toMatch(/interrupted after step \d+; saved; go on with: .* --resume auto/);
    const resumed = await run(['train', '--out', at('stopped'), '--resume', 'auto']);
    expect([resumed.code, resumed.out]).toEqual([0, expect.stringMatching(/resumed after step \d+/)]);
    expect((await run([...args, '--out', at('through')])).code).toBe(0);
    const weights = (name: string) => readFile(join(at(name), 'model.safetensors'));
    expect(await weights('stopped')).toEqual(await weights('through'));
  });

  test('--json gives every event, one an object', async () => {
    const args = [
      'train',
      '--data',
      data,
      '--out',
      at('json'),
      '--steps',
      '3',
      '--iterations',
      '1..2',
      '--json',
      ...small,
    ];
    const { code, out } = await run(args);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.filter(({ type }) => type === 'step').map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(events[0]).toMatchObject({
      type: 'plan',
      parameters: expect.any(Number),
      config: { iterations: { from: 1, to: 2 } },
    });
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'done' });
    expect((await run(['inspect', at('json')])).out).toContain('trained at 1 to 2 iterations');
  });

  test('a config file, and flags over it', async () => {
    const optimizer = { kind: 'muon', momentum: 0.9 };
    const config = {
      data: [data],
      steps: 1000,
      depth: 2,
      sequenceLength: 16,
      vocabularySize: 280,
      clip: 0.5,
      optimizer,
    };
    await writeFile(at('config.json'), JSON.stringify(config));
    const { code, out } = await run([
      'train',
      '-c',
      at('config.json'),
      '-o',
      at('dry'),
      '-n',
      '7',
      '--keep',
      '2',
      '--dry-run',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(out).config).toMatchObject({ steps: 7, clip: 0.5, sequenceLength: 16, optimizer });
    expect(await readdir(at('dry'))).not.toContain('checkpoints');
    const dry = async (name: string) =>
      JSON.parse(
        (await run(['train', '-c', at('config.json'), '-o', at('dry'), '--optimizer', name, '--dry-run', '--json']))
          .out,
      ).config.optimizer;
    expect(await dry('muon')).toMatchObject(optimizer);
    expect(await dry('adamw')).toEqual({ kind: 'adamw', beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 });
  });
});

test('the help names every key that a config file may have', async () => {
  await writeFile(at('unknown.json'), '{"what": 1}');
  const { err } = await run(['train', '--out', at('bad'), '--config', at('unknown.json')]);
  const keys = /a known key \((.*)\)/.exec(err)![1]!.split(', ');
  expect(keys).toContain('checkpoints');
  const { out } = await run(['train', '--help']);
  expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(out))).toEqual([]);
});

describe('ends with 2 and one line before the first step', () => {
  const train = (...args: readonly string[]) => ['train', '--out', at('bad'), ...args];
  const withConfig = async (name: string, config: string): Promise<readonly string[]> => {
    await writeFile(at(name), config);
    return train('--data', data, '--config', at(name));
  };
  test.each([
    ['no data', async () => train(), 'expected text to train on'],
    ['a missing file', async () => train('--data', '/nowhere.txt'), '/nowhere.txt'],
    ['an unknown key', () => withConfig('key.json', '{"stepz": 3}'), 'stepz'],
    ['an unknown key of a model', () => withConfig('model.json', '{"model": {"hiden_size": 3}}'), 'hiden_size'],
    ['a value of another type', () => withConfig('type.json', '{"clip": "much"}'), 'clip'],
    ['a config that is no JSON', () => withConfig('json.json', '{"steps": 3'), 'json.json'],
    [
      'an impossible size',
      () => withConfig('size.json', '{"model": {"num_key_value_heads": 3}}'),
      'num_key_value_heads',
    ],
    ['iterations that are none', async () => train('--data', data, '--iterations', '4..1'), 'iterations'],
    ['a resume that is none', async () => train('--data', data, '--resume', 'maybe'), '--resume'],
    ['too much memory', async () => train('--data', data, '--batch', '999999'), 'smaller'],
    ['a folder that cannot be written', async () => ['train', '--data', data, '--out', '/proc/yoco-u'], '/proc/yoco-u'],
    ['a tokenizer that is none', async () => train('--data', data, '--tokenizer', data), 'JSON'],
  ])('%s', async (_name, args, message) => {
    const { code, out, err } = await run(await args());
    expect(err).toContain(message);
    expect([code, out]).toEqual([2, '']);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  test('a text that is empty, or none', async () => {
    await mkdir(at('texts'));
    await writeFile(at('texts/empty.txt'), '');
    await writeFile(at('texts/binary.bin'), Uint8Array.of(0, 159, 146, 150, 255));
    for (const name of ['texts/empty.txt', 'texts/binary.bin']) {
      const { code, err } = await run(train('--data', at(name)));
      expect([code, err]).toEqual([2, expect.stringContaining(name)]);
      expect(err.trim().split('\n')).toHaveLength(1);
    }
  });
});
