import { createWasmBackend } from '@yoco-u/backend-wasm';
import { encodeSafetensors, memorySource, openSafetensors, type SafetensorsFile } from '@yoco-u/checkpoint';
import type { EngineLanguageModel, SavedSequence } from '@yoco-u/engine';
import { CapacityError, CheckpointError, type GenerateRequest, RequestError, type TokenPart } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createRandomModel, variantKernels } from './random-model.ts';

const cross = { type: 'cross', layers: 1, attention: 'full' };
const sliding = { type: 'self', layers: 2, iterations: 2, attention: 'sliding_window', window: 9, rope: true };
const retention = { type: 'self', layers: 1, iterations: 2, attention: 'gated_retention' };
const full = { type: 'self', layers: 2, attention: 'full', rope: true };

async function createModel(
  stages: readonly object[],
  prefixCacheBytes: number,
  contextLength = 300,
): Promise<EngineLanguageModel> {
  const backend = await createWasmBackend({ kernels: variantKernels.wasm ?? [], threads: 1 });
  return createRandomModel(backend, { stages, sequences: 1, contextLength, prefixCacheBytes });
}

async function run(model: EngineLanguageModel, request: GenerateRequest) {
  const tokens: TokenPart[] = [];
  for await (const part of model.generate({ sampling: { temperature: 0 }, ignoreEos: true, ...request })) {
    if (part.type === 'token') tokens.push(part);
    if (part.type === 'finish') return { tokens, cachedTokens: part.usage.cachedTokens };
  }
  throw new Error('no finish part');
}

const text = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, index) => (index * index * 31 + seed * 77 + index) % 256);

const written = async (sequence: SavedSequence): Promise<SafetensorsFile> =>
  openSafetensors(memorySource(await encodeSafetensors(sequence.tensors, sequence), 'session.safetensors'));

const systems = [
  { name: 'a Transformer', stages: [full], exact: true },
  { name: 'YOCO-U', stages: [sliding, cross], exact: true },
  { name: 'gated retention', stages: [retention, cross], exact: false },
];

describe.each(systems)('$name', ({ stages, exact }) => {
  test.each([5, 64, 150])(
    'goes on from a saved sequence of %s tokens as if it had read them itself',
    async (length) => {
      const ids = text(length, 1);
      const request: GenerateRequest = {
        prompt: [...ids, ...text(20, 2)],
        maxTokens: 15,
        ...(exact ? { logProbabilities: 3 } : {}),
      };
      await using first = await createModel(stages, 0);
      const expected = await run(first, request);
      const file = await written(await first.saveSequence(ids));
      await using second = await createModel(stages, 200_000);
      expect(await second.loadSequence(file)).toEqual(ids);
      const got = await run(second, request);
      expect(got.tokens).toEqual(expected.tokens);
      expect(got.cachedTokens).toBe(length);
      expect(second.stats().pages.inUse).toBe(0);
      // twice is as good as once
      await second.loadSequence(file);
      expect((await run(second, request)).tokens).toEqual(expected.tokens);
    },
  );
});

test('a file of anything else is refused before it is loaded', async () => {
  await using model = await createModel([sliding, cross], 200_000);
  const saved = await model.saveSequence(text(70, 1));
  const changed = async (change: (name: string) => boolean, metadata = saved.metadata): Promise<SafetensorsFile> =>
    written({ metadata, tensors: saved.tensors.filter(({ name }) => change(name)) });
  const all = () => true;
  const wrong: readonly (readonly [string, SafetensorsFile])[] = [
    ['format', await changed(all, {})],
    ['page_length', await changed(all, { ...saved.metadata, page_length: '32' })],
    ['model', await changed(all, { ...saved.metadata, model: '00000000' })],
    ["a tensor 'ids'", await changed((name) => name !== 'ids')],
    ["a tensor 'stage.0.iteration.1.layer.0.ring'", await changed((name) => !name.includes('iteration.1.layer.0'))],
  ];
  for (const [message, file] of wrong) {
    await expect(model.loadSequence(file)).rejects.toThrow(CheckpointError);
    await expect(model.loadSequence(file)).rejects.toThrow(message);
  }
  const longer = await written({
    ...saved,
    tensors: (await model.saveSequence(text(130, 1))).tensors.map((tensor) =>
      tensor.name === 'ids' ? saved.tensors.find(({ name }) => name === 'ids')! : tensor,
    ),
  });
  await expect(model.loadSequence(longer)).rejects.toThrow('[2, ');
  const file = await written(saved);
  await expect(model.loadSequence(file, { iterations: 3 })).rejects.toThrow('at the same iteration count');
  await using other = await createModel([full], 200_000);
  await expect(other.loadSequence(file)).rejects.toThrow(CheckpointError);
  await using uncached = await createModel([sliding, cross], 0);
  await expect(uncached.loadSequence(file)).rejects.toThrow(RequestError);
  await using short = await createModel([sliding, cross], 200_000, 64);
  await expect(short.loadSequence(file)).rejects.toThrow(CapacityError);
  await model.loadSequence(file);
});

test('saving is aborted as anything else is, and refuses what is no sequence', async () => {
  await using model = await createModel([sliding, cross], 0);
  await expect(model.saveSequence(text(70, 1), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
    'enough',
  );
  await expect(model.saveSequence([])).rejects.toThrow(RequestError);
  await expect(model.saveSequence([0.5])).rejects.toThrow(RequestError);
  await expect(model.saveSequence(text(301, 1))).rejects.toThrow(CapacityError);
  expect((await model.saveSequence(text(3, 1))).tensors.length).toBeGreaterThan(1);
});
