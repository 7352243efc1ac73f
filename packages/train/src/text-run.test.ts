import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelFolder } from '@yoco-u/checkpoint';
import { parseConfig } from '@yoco-u/model';
import { parseTokenizer } from '@yoco-u/tokenizer';
import { expect, test } from 'vitest';
import { collectRun, tinyRequest, wasm } from './__fixtures__/tiny-run.ts';
import { DataError } from './data/data-error.ts';
import type { TrainEvent } from './events.ts';
import { documents, registry } from './testing.ts';
import { prepareTextRun } from './text-run.ts';

const { data: sources, ...request } = tinyRequest;

async function chapters(): Promise<string> {
  const texts = await Promise.all(sources!.map((path) => readFile(path, 'utf8')));
  return texts.join('\n<|endoftext|>\n');
}

test('trains the model that a run on a file with the same text trains, bit for bit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'yoco-u-text-run-'));
  const text = await chapters();
  await writeFile(join(folder, 'chapters.txt'), text);
  await using backend = await wasm();
  const onDisk = join(folder, 'run');
  await collectRun({ folder: onDisk, request: { ...tinyRequest, data: [join(folder, 'chapters.txt')] }, backend });

  using run = await prepareTextRun({ text, request, backend, registry });
  const events: TrainEvent[] = [];
  for await (const event of run.train()) events.push(event);
  expect(events.at(-1)).toEqual({ type: 'end', step: 20, reason: 'done' });
  const files = await run.modelFiles();
  expect([...files.keys()].sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  for (const [name, bytes] of files) expect(Buffer.from(bytes).equals(await readFile(join(onDisk, name)))).toBe(true);
  await rm(folder, { recursive: true });
});

test('its files are a model folder at any step, and samples are taken on the way', async () => {
  await using backend = await wasm();
  const sampled: number[] = [];
  using run = await prepareTextRun({
    text: await chapters(),
    request: { ...request, samples: { every: 2 } },
    backend,
    registry,
    sample: async (_context, step) => {
      sampled.push(step);
      return [{ prompt: '', text: 'a whale' }];
    },
  });
  expect(run.plan.config.steps).toBe(20);
  for await (const event of run.train()) if (event.type === 'sample' && event.step === 4) break;
  expect(sampled).toEqual([2, 4]);
  await using folder = await openModelFolder(await run.modelFiles());
  expect(folder.metadata.get('step')).toBe('4');
  const { vocabularySize } = parseConfig(folder.config, registry);
  expect(parseTokenizer(folder.tokenizerJson!).vocabularySize).toBe(vocabularySize);
});

test('refuses text that is too short', async () => {
  await using backend = await wasm();
  const attempt = (text: string) => prepareTextRun({ text, request, backend, registry });
  await expect(attempt('')).rejects.toThrow(DataError);
  await expect(attempt(documents[0]!.slice(0, 10))).rejects.toThrow(DataError);
});

test('refuses a prompt that the context does not hold before anything is computed', async () => {
  await using backend = await wasm();
  const samples = { prompts: ['A whale', 'blow '.repeat(2000)] };
  const attempt = prepareTextRun({ text: await chapters(), request: { ...request, samples }, backend, registry });
  await expect(attempt).rejects.toThrow(/^samples\.prompts\[1\]: expected at most \d+ tokens/);
  expect(backend.memory().bufferBytes).toBe(0);
});
