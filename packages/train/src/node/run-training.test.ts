import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openSafetensors } from '@yoco-u/checkpoint';
import { openFileSource, openModelFolder } from '@yoco-u/checkpoint/node';
import { parseConfig } from '@yoco-u/model';
import { YocoError } from '@yoco-u/spec';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectRun, tinyRequest, wasm } from '../__fixtures__/tiny-run.ts';
import { DivergenceError } from '../divergence-error.ts';
import type { RunRequest } from '../run-request.ts';
import { adamw, float32Reference, registry } from '../testing.ts';
import { branchRun } from './branch-run.ts';
import { type RunEvent, runTraining } from './run-training.ts';

let root: string;
let whole: string;
let events: readonly RunEvent[];
const folder = (name: string): string => join(root, name);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'yoco-u-train-'));
  whole = folder('whole');
  await using backend = await wasm();
  events = await collectRun({ folder: whole, request: tinyRequest, backend });
});
afterAll(() => rm(root, { recursive: true }));

const bytesOf = async (run: string): Promise<readonly Buffer[]> =>
  Promise.all(
    ['model.safetensors', 'checkpoints/step-20/optimizer.safetensors'].map((name) => readFile(join(run, name))),
  );
/** Metrics without what depends on the clock. */
async function metricsOf(run: string): Promise<readonly unknown[]> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'step' || type === 'validation')
    .map(({ seconds, secondsLeft, tokensPerSecond, flopsPerSecond, ...rest }) => rest);
}

/** Paths in a run of all that is not meant to be seen. */
async function hiddenIn(run: string): Promise<readonly string[]> {
  const names = await readdir(run, { recursive: true });
  return names.filter((name) => basename(name).startsWith('.')).sort();
}

/** A process that trains until it is done, and then lives until it is killed or its input ends. */
function startTiny(run: string) {
  const script = join(import.meta.dirname, '../__fixtures__/tiny-run-process.ts');
  const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', script, run]);
  const errors = text(child.stderr);
  const ended = new Promise<object>((resolve) => {
    child.on('close', async (code, signal) => resolve({ ...(signal ? { signal } : { code }), errors: await errors }));
  });
  return Object.assign(child, { ended });
}

describe('a run folder', () => {
  test('is a model folder, and so is each checkpoint', async () => {
    for (const path of [whole, join(whole, 'checkpoints/step-20')]) {
      await using model = await openModelFolder(path);
      const config = parseConfig(model.config, registry);
      expect(model.config.train_iterations).toEqual({ from: 1, to: 3 });
      expect(parseTokenizer(model.tokenizerJson!).vocabularySize).toBe(config.vocabularySize);
      expect(model.metadata.get('step')).toBe('20');
      for (const tensor of model.tensors.values()) {
        expect((await tensor.readFloat32()).every(Number.isFinite)).toBe(true);
      }
    }
  });

  test('keeps the newest checkpoints and the best', async () => {
    const names = await readdir(join(whole, 'checkpoints'));
    const best = JSON.parse(await readFile(join(whole, 'checkpoints/best.json'), 'utf8'));
    const kept = new Set(['step-18', 'step-20', `step-${best.step}`]);
    expect(names.sort()).toEqual(['best.json', 'latest.json', ...kept].sort());
  });

  test('tells what happened, and draws it', async () => {
    expect(await metricsOf(whole)).toHaveLength(20 + 4);
    const report = await readFile(join(whole, 'report.html'), 'utf8');
    for (const title of ['Loss', 'bits per byte', 'Learning rate']) expect(report).toContain(title);
    expect(report.match(/<svg/g)).toHaveLength(4);
    expect(report).not.toMatch(/https?:|src=|NaN|undefined/);
  });

  test('the plan comes first, and the loss falls', () => {
    const [plan] = events;
    expect(plan).toMatchObject({ type: 'plan', step: 0, parameters: expect.any(Number) });
    const steps = events.filter((event) => event.type === 'step');
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss - 0.2);
    expect(new Set(steps.map(({ iterations }) => iterations))).toEqual(new Set([1, 2, 3]));
  });
});

describe('the same weights and moments, bit for bit', () => {
  test('whenever it is stopped and resumed, with any number of threads', async () => {
    for (const [name, stops, threads] of [
      ['ten and ten', [10, 20], 1],
      ['in pieces', [1, 2, 13, 20], 2],
    ] as const) {
      await using backend = await wasm(threads);
      for (const stopAt of stops) {
        const options = { folder: folder(name), request: tinyRequest, backend, resume: 'auto', stopAt } as const;
        expect((await collectRun(options)).at(-1)).toMatchObject({ type: 'end', step: stopAt });
      }
      expect(await bytesOf(folder(name))).toEqual(await bytesOf(whole));
      expect(await metricsOf(folder(name))).toEqual(await metricsOf(whole));
    }
  });

  test('with AdamW, on one thread and on two, also if it was the default when the run began', async () => {
    const request = { ...tinyRequest, optimizer: adamw };
    await using one = await wasm(1);
    await collectRun({ folder: folder('adamw'), request, backend: one });
    await using two = await wasm(2);
    const old = folder('adamw in pieces');
    await collectRun({ folder: old, request, backend: two, stopAt: 4 });
    // as it was written when AdamW followed from a request that said nothing
    const run = JSON.parse(await readFile(join(old, 'train.json'), 'utf8'));
    await writeFile(join(old, 'train.json'), JSON.stringify({ ...run, request: tinyRequest }));
    for (const stopAt of [11, 20]) {
      await collectRun({ folder: old, request: {}, backend: two, resume: 'auto', stopAt });
    }
    expect(await bytesOf(old)).toEqual(await bytesOf(folder('adamw')));
    expect(await metricsOf(old)).toEqual(await metricsOf(folder('adamw')));
    expect(await bytesOf(old)).not.toEqual(await bytesOf(whole));
  });

  test('from the newest checkpoint where nothing points to one', async () => {
    await using backend = await wasm();
    const options = { folder: folder('unpointed'), request: tinyRequest, backend } as const;
    await collectRun({ ...options, stopAt: 10 });
    await rm(join(folder('unpointed'), 'checkpoints/latest.json'));
    await expect(collectRun(options)).rejects.toThrow('a folder without a run');
    const [plan] = await collectRun({ ...options, resume: 'auto' });
    expect(plan).toMatchObject({ type: 'plan', step: 10 });
    expect(await bytesOf(folder('unpointed'))).toEqual(await bytesOf(whole));
  });

  test('after it was asked to go on with another text, and refused', async () => {
    await using backend = await wasm();
    const options = { folder: folder('other text'), request: tinyRequest, backend } as const;
    await collectRun({ ...options, stopAt: 8 });
    await writeFile(folder('other.txt'), 'A text that the run has never seen before. '.repeat(200));
    const other = { ...tinyRequest, data: [folder('other.txt')] };
    await expect(collectRun({ ...options, request: other, resume: 'auto' })).rejects.toThrow('expected the text');
    await collectRun({ ...options, request: {}, resume: 'auto' });
    expect(await bytesOf(folder('other text'))).toEqual(await bytesOf(whole));
  });

  test('from an earlier checkpoint', async () => {
    await using backend = await wasm();
    const options = { folder: folder('earlier'), request: tinyRequest, backend } as const;
    await collectRun({ ...options, stopAt: 8 });
    await collectRun({ ...options, resume: 6 });
    expect(await bytesOf(folder('earlier'))).toEqual(await bytesOf(whole));
  });

  test('when it is killed at random moments', async () => {
    const run = folder('killed');
    for (let kills = 0; kills < 12; kills++) {
      const child = startTiny(run);
      // some while it starts, most at work: writing checkpoints takes as long as the steps between
      child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 120));
      expect(await child.ended).toEqual({ signal: 'SIGKILL', errors: '' });
    }
    const last = startTiny(run);
    last.stdin.end();
    expect(await last.ended).toEqual({ code: 0, errors: '' });
    expect(await bytesOf(run)).toEqual(await bytesOf(whole));
    expect(await metricsOf(run)).toEqual(await metricsOf(whole));
    expect(await hiddenIn(run)).toEqual([]);
  });

  test('after a death in the middle of a file, of which nothing stays', async () => {
    const run = folder('half written');
    await using backend = await wasm();
    const options = { folder: run, request: tinyRequest, backend, resume: 'auto' } as const;
    const dying = ['train.json', 'metrics.jsonl', 'report.html', 'model.safetensors', 'config.json', 'tokenizer.json'];
    dying.push('checkpoints/latest.json', 'checkpoints/best.json');
    const plant = async (): Promise<void> => {
      await mkdir(join(run, 'checkpoints/.writing-step-9'), { recursive: true });
      await mkdir(join(run, 'checkpoints/.removing-step-3'), { recursive: true });
      for (const name of dying) {
        const path = join(run, name);
        await writeFile(join(dirname(path), `.${basename(path)}.0123456789ab.tmp`), 'ha');
      }
      await writeFile(join(run, `.lock-${2 ** 30}-1-0123456789ab`), '');
    };
    const others = ['.notes.0123456789ab.tmp', '.train.json.swp', 'checkpoints/.step-6.mine'];
    await plant();
    for (const name of others) await writeFile(join(run, name), 'somebody’s');
    await collectRun({ ...options, stopAt: 7 });
    expect(await hiddenIn(run)).toEqual([...others].sort());
    await plant();
    await collectRun(options);
    expect(await hiddenIn(run)).toEqual([...others].sort());
    expect(await bytesOf(run)).toEqual(await bytesOf(whole));
    expect(await metricsOf(run)).toEqual(await metricsOf(whole));
  });
});

describe('a run that begins with another model', () => {
  test('has its weights, sizes, iterations and tokenizer, and goes on without it', async () => {
    await using backend = await wasm();
    const { data, sequenceLength, batch, checkpoints } = tinyRequest;
    const request: RunRequest = {
      data: data!,
      sequenceLength: sequenceLength!,
      batch: batch!,
      checkpoints: checkpoints!,
      steps: 4,
      initialModel: 'first',
    };
    const options = { folder: folder('second'), request, backend, directory: folder('.') } as const;
    await cp(whole, folder('first'), { recursive: true });
    const seen = await collectRun({ ...options, stopAt: 2 });
    const plan = seen.find((event) => event.type === 'plan')!;
    expect(plan.config.iterations).toEqual({ from: 1, to: 3 });
    const weightsOf = async (path: string, count: number) => {
      await using model = await openModelFolder(join(path, `checkpoints/step-${count}`));
      return Promise.all([...model.tensors].map(async ([name, entry]) => [name, await entry.readFloat32()] as const));
    };
    expect(await weightsOf(folder('second'), 0)).toEqual(await weightsOf(whole, 20));
    expect(await readFile(join(folder('second'), 'tokenizer.json'))).toEqual(
      await readFile(join(whole, 'tokenizer.json')),
    );
    await rm(folder('first'), { recursive: true });
    expect((await collectRun({ ...options, resume: 'auto' })).at(-1)).toMatchObject({ type: 'end', step: 4 });
    expect(await weightsOf(folder('second'), 4)).not.toEqual(await weightsOf(whole, 20));
    const other = { ...request, initialModel: 'third' };
    await expect(collectRun({ ...options, request: other, resume: 'auto' })).rejects.toThrow('resume: initialModel');
  });

  test('of other sizes is refused by the name of a tensor', async () => {
    await using backend = await wasm();
    const { depth: _, ...others } = tinyRequest;
    const request: RunRequest = {
      ...others,
      initialModel: whole,
      model: { ...tinyRequest.model, hidden_size: 16 },
    };
    const start = (asked: RunRequest) => collectRun({ folder: folder('resized'), request: asked, backend });
    await expect(start(request)).rejects.toThrow(/'model\.\S+' \[.*16\]/);
    await expect(start({ ...request, depth: 6 })).rejects.toThrow('depth: expected none');
  });
});

test('text is found where it was, from whichever directory a run goes on, and after a move together', async () => {
  await using backend = await wasm();
  await mkdir(folder('project/texts'), { recursive: true });
  for (const [index, path] of tinyRequest.data!.entries()) await cp(path, folder(`project/texts/${index}.txt`));
  const request: RunRequest = { ...tinyRequest, data: ['texts/0.txt', 'texts/1.txt'] };
  await collectRun({ folder: folder('project/runs/a'), directory: folder('project'), request, backend, stopAt: 2 });
  await branchRun({ from: folder('project/runs/a'), step: 2, to: folder('project/branch') });
  await rename(folder('project'), folder('moved'));
  const goOn = (run: string, asked: RunRequest, stopAt: number) =>
    collectRun({ folder: folder(run), directory: root, request: asked, backend, resume: 'auto', stopAt });
  await goOn('moved/runs/a', {}, 4);
  await goOn('moved/branch', {}, 4);
  await symlink(folder('moved/runs/a'), folder('link'));
  await goOn('link', { data: ['moved/texts/[0]*', 'moved/texts/1.txt'] }, 6);
  await goOn('moved/runs/a', {}, 20);
  expect(await metricsOf(folder('moved/runs/a'))).toEqual(await metricsOf(whole));
  await rename(folder('moved/texts'), folder('elsewhere'));
  await expect(goOn('moved/branch', {}, 6)).rejects.toThrow(`nothing at ${folder('moved/texts/0.txt')}`);
  await goOn('moved/branch', { data: ['elsewhere/0.txt', 'elsewhere/1.txt'] }, 6);
});

test('a step that diverges names itself, a tensor and a checkpoint, from which a smaller one goes on', async () => {
  const run = folder('diverged');
  await using backend = await wasm();
  const start = (request: RunRequest, resume?: number) => collectRun({ folder: run, request, backend, resume });
  const error = await start({ ...tinyRequest, learningRate: 1e30 }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DivergenceError);
  const { message, step, tensor } = error as DivergenceError;
  expect([step, tensor]).toEqual([2, expect.stringContaining('model.')]);
  expect(message).toContain('go on from the checkpoint of step 0 with a lower learning rate');
  await expect(start(tinyRequest, 0)).rejects.toBeInstanceOf(DivergenceError);
  const events = await start({ learningRate: 0.003, clip: 0.5 }, 0);
  expect(events.at(-1)).toMatchObject({ type: 'end', step: 20 });
  expect(await metricsOf(run)).toHaveLength(20 + 4);
});

test('two runs at once in one folder are refused, and the first goes on', async () => {
  await using backend = await wasm();
  const options = {
    folder: folder('shared'),
    request: tinyRequest,
    backend,
    registry,
    resume: 'auto',
    stopAt: 2,
  } as const;
  const seen: string[] = [];
  for await (const { type } of runTraining(options)) {
    if (seen.length === 0) await expect(collectRun(options)).rejects.toThrow('a folder that nobody trains in');
    seen.push(type);
  }
  expect(seen.at(-1)).toBe('end');
});

test('another backend learns the same to rounding', async () => {
  await using backend = float32Reference();
  await collectRun({ folder: folder('reference'), request: tinyRequest, backend, stopAt: 4 });
  const [a, b] = await Promise.all([metricsOf(folder('reference')), metricsOf(whole)]);
  for (const [index, line] of (a as readonly { loss?: number }[]).entries()) {
    expect(line.loss).toBeCloseTo((b as readonly { loss: number }[])[index]!.loss, 3);
  }
});

test('the memory that is planned is the sum of its parts', async () => {
  const plan = events.find((event) => event.type === 'plan')!;
  const source = await openFileSource(join(whole, 'checkpoints/step-20/optimizer.safetensors'));
  const { totalBytes } = await openSafetensors(source);
  await source.close?.();
  expect(plan.memory).toMatchObject({ moments: totalBytes, samples: 0 });
  await using backend = await wasm();
  const options = { folder: folder('sampled'), request: tinyRequest, backend, registry, sample: async () => [] };
  for await (const event of runTraining(options)) {
    if (event.type !== 'plan') continue;
    const { total, process: held, ...parts } = event.memory;
    expect(total).toBe(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0));
    expect(parts.samples).toBe(parts.parameters);
    expect(parts.runtime).toBeGreaterThan(2 ** 20);
    expect(held).toBeGreaterThan(2 ** 20);
    break;
  }
});

describe('ends before the first step', () => {
  const otherJson = join(import.meta.dirname, '../../package.json');
  const cases: readonly (readonly [string, Partial<RunRequest>, RegExp])[] = [
    ['with a tokenizer that is no file', { tokenizer: '/dev/zero' }, /\/dev\/zero: expected a file/],
    ['with a tokenizer that is none', { tokenizer: otherJson }, /package\.json: \w+: expected/],
    ['without text', { data: ['/nowhere.txt'] }, /nowhere\.txt/],
    ['with a device for text', { data: ['/dev/null'] }, /\/dev\/null: .* read more than once/],
    ['with a device to validate on', { validationData: ['/dev/zero'] }, /\/dev\/zero: .* read more than once/],
    ['with sizes that cannot be', { model: { num_key_value_heads: 3 } }, /multiple of num_key_value_heads/],
    [
      'with an attention that is none',
      { model: { stages: [{ type: 'self', layers: 1, attention: 'psychic' }] } },
      /psychic/,
    ],
    [
      'with a stage key that is none',
      { model: { stages: [{ type: 'self', layers: 1, attention: 'full', iteration: 3 }] } },
      /iteration/,
    ],
    ['with a warm-up beyond the run', { schedule: { warmup: 21 } }, /schedule\.warmup/],
    ['with rows longer than the text', { sequenceLength: 900_000 }, /tokens/],
    [
      'with more memory than there is',
      { batch: 2 ** 18, sequenceLength: 1024, validation: { rows: 1 } },
      /at most .* MiB more than/,
    ],
  ];
  test.each(cases)('%s', async (name, changes, message) => {
    await using backend = await wasm();
    const request = { ...tinyRequest, ...changes };
    const error = await collectRun({ folder: folder(name), request, backend }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(YocoError);
    expect((error as Error).message).toMatch(message);
    expect(await readdir(folder(name))).not.toContain('checkpoints');
  });

  test('with a text that is empty or none', async () => {
    await using backend = await wasm();
    await writeFile(folder('empty.txt'), ' \n\n');
    await writeFile(folder('binary.txt'), Uint8Array.of(0xff, 0xfe, 0, 1, 2, 0x80));
    for (const name of ['empty.txt', 'binary.txt']) {
      const run = collectRun({ folder: folder('texts'), request: { ...tinyRequest, data: [folder(name)] }, backend });
      await expect(run).rejects.toThrow(name);
    }
  });

  test('in a folder that cannot be written, or that holds something else', async () => {
    await using backend = await wasm();
    await writeFile(folder('file'), '');
    await mkdir(folder('model'));
    await writeFile(folder('model/model.safetensors'), 'somebody’s');
    await mkdir(folder('config'));
    await writeFile(folder('config/train.json'), JSON.stringify(tinyRequest));
    const start = (name: string, changes: RunRequest = {}, resume?: number) =>
      collectRun({ folder: folder(name), request: { ...tinyRequest, ...changes }, backend, resume });
    await expect(start('file/below')).rejects.toThrow('a folder that can be written');
    await expect(start('file')).rejects.toThrow('a folder that can be written');
    await expect(start('model')).rejects.toThrow('got model.safetensors');
    await expect(start('config')).rejects.toThrow('got train.json');
    await expect(start('whole')).rejects.toThrow('without a run');
    await expect(start('new', {}, 3)).rejects.toThrow('a run to resume');
    await expect(start('whole', {}, 4)).rejects.toThrow('expected the step of a checkpoint (18, 20), got 4');
    await expect(start('whole', { seed: 5 }, 18)).rejects.toThrow(/seed/);
    await expect(start('whole', { batch: 4 }, 18)).rejects.toThrow('resume: batch');
    expect(await readFile(folder('model/model.safetensors'), 'utf8')).toBe('somebody’s');
  });

  test('in a run whose settings are gone', async () => {
    await using backend = await wasm();
    await mkdir(folder('bare/checkpoints/step-3'), { recursive: true });
    const run = collectRun({ folder: folder('bare'), request: tinyRequest, backend, resume: 'auto' });
    await expect(run).rejects.toThrow('bare/train.json');
    await expect(run).rejects.toBeInstanceOf(YocoError);
  });
});
