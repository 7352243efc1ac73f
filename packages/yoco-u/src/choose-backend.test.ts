/** What `auto` takes, and what it says, with backends that only pretend. */

import { parseConfig } from '@yoco-u/model';
import { type Backend, BackendError, CapacityError } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { builtInAttention } from './attention.ts';
import { type BackendSpeed, trialModel } from './backend-trial.ts';
import { type BackendPurpose, chooseBackend } from './choose-backend.ts';
import { createBackend } from './index.ts';

const json = {
  model_type: 'transformer',
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 12,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  max_position_embeddings: 32,
  stages: [{ type: 'self', layers: 2, attention: 'full', rope: true }],
};
const model = parseConfig(json, builtInAttention);
const open: string[] = [];

async function pretend(name: string): Promise<Backend> {
  open.push(name);
  return {
    ...createReferenceBackend(),
    id: name,
    description: `${name}, pretended`,
    [Symbol.asyncDispose]: async () => void open.splice(open.indexOf(name), 1),
  };
}

const openWasm = () => pretend('wasm');
const openWebGpu = () => pretend('webgpu');
/** Tokens a second: of WASM 1000 and 100, of WebGPU as given. */
const measuring =
  (prefill: number, decode: number) =>
  async (backend: Backend): Promise<BackendSpeed> =>
    backend.id === 'wasm' ? { prefill: 1 / 1000, decode: 1 / 100 } : { prefill: 1 / prefill, decode: 1 / decode };

async function choose(
  use: 'generate' | 'train',
  candidates: Partial<Parameters<typeof chooseBackend>[1]>,
  caches?: BackendPurpose['caches'],
): Promise<string> {
  open.length = 0;
  const purpose = { model, use, ...(caches === undefined ? {} : { caches }) };
  const backend = await chooseBackend(purpose, { openWasm, openWebGpu, ...candidates });
  // the other one is gone
  expect(open).toEqual([backend.id]);
  return backend.description;
}

describe('the faster backend is taken, with the numbers of both', () => {
  test('WebGPU', async () => {
    expect(await choose('generate', { measure: measuring(20_000, 300) })).toBe(
      'webgpu, pretended · auto, tried: wasm prefill 1,000, decode 100 tokens/s; webgpu prefill 20,000, decode 300 tokens/s',
    );
  });

  test('WASM', async () => {
    expect(await choose('generate', { measure: measuring(900, 90) })).toBe(
      'wasm, pretended · auto, tried: wasm prefill 1,000, decode 100 tokens/s; webgpu prefill 900, decode 90 tokens/s (webgpu, pretended)',
    );
  });

  test('by both speeds for text, and by that of many rows for training', async () => {
    const measure = measuring(1100, 10);
    expect(await choose('generate', { measure })).toMatch(/^wasm/);
    expect(await choose('train', { measure })).toMatch(/^webgpu/);
  });
});

describe('WASM is taken, and it says why, where WebGPU', () => {
  test('is not to be had', async () => {
    const openNothing = () =>
      Promise.reject(new BackendError({ where: 'createWebGpuBackend', expected: 'a graphics adapter', got: 'none' }));
    expect(await choose('generate', { openWebGpu: openNothing })).toBe(
      'wasm, pretended · auto: no webgpu: createWebGpuBackend: expected a graphics adapter, got none',
    );
  });

  test('fails in the trial', async () => {
    const measure = () => Promise.reject(new BackendError('lost'));
    expect(await choose('generate', { measure })).toBe('wasm, pretended · auto: no webgpu: lost');
  });

  test('has no room', async () => {
    const taken = new Set<object>();
    const cramped = async (): Promise<Backend> => {
      const backend = await openWebGpu();
      return {
        ...backend,
        allocate(type) {
          if (type.shape.length > 2) throw new CapacityError('webgpu backend: pages: too large');
          const buffer = { ...backend.allocate(type), [Symbol.dispose]: () => void taken.delete(buffer) };
          taken.add(buffer);
          return buffer;
        },
      };
    };
    const candidates = { openWebGpu: cramped, measure: measuring(20_000, 300) };
    expect(await choose('generate', candidates)).toMatch(/^webgpu/);
    expect(await choose('generate', candidates, { sequences: 2, contextLength: 32 })).toMatch(
      /^wasm, pretended · auto, tried: .* \(webgpu, pretended\); not webgpu, which has no room: webgpu backend: pages: too large$/,
    );
    expect(taken.size).toBe(0);
  });

  test('is not ready in time', async () => {
    const measure = () => new Promise<BackendSpeed>(() => undefined);
    expect(await choose('generate', { measure, limitMs: 0 })).toBe(
      'wasm, pretended · auto: webgpu (webgpu, pretended) was not ready after 0 s',
    );
  });
});

test('WebGPU that opens too late is not waited for, and closed when it comes', async () => {
  let come: (backend: Backend) => void = () => {};
  const openWebGpu = () =>
    new Promise<Backend>((resolve) => {
      come = resolve;
    });
  expect(await choose('generate', { openWebGpu, limitMs: 0 })).toBe(
    'wasm, pretended · auto: webgpu (still opening) was not ready after 0 s',
  );
  const closed = new Promise<void>((resolve) => {
    come({ ...createReferenceBackend(), [Symbol.asyncDispose]: async () => resolve() });
  });
  await closed;
});

test('a fault that nobody announced is thrown, and leaves nothing open', async () => {
  open.length = 0;
  const measure = () => Promise.reject(new TypeError('oops'));
  await expect(chooseBackend({ model, use: 'train' }, { openWasm, openWebGpu, measure })).rejects.toThrow('oops');
  expect(open).toEqual([]);
});

test('a large model is tried with fewer layers and iterations, all else its own', () => {
  const stages = [
    { type: 'self', layers: 20, attention: 'sliding_window', window: 64, rope: true, iterations: 9 },
    { type: 'cross', layers: 7, attention: 'full' },
  ];
  const sizes = { hidden_size: 1024, intermediate_size: 4096, num_attention_heads: 8, head_dim: 128, vocab_size: 999 };
  const large = parseConfig({ ...json, ...sizes, stages }, builtInAttention);
  const tried = trialModel(large);
  expect(tried.stages.map(({ layers, iterations }) => [layers.length, iterations])).toEqual([
    [3, 4],
    [1, 1],
  ]);
  expect({ ...tried, stages: large.stages }).toEqual(large);
  expect(trialModel(model)).toEqual(model);
});

test('auto without a model is refused', async () => {
  await expect(createBackend({ backend: 'auto' })).rejects.toThrow("'auto': expected a model to try, got none; pass");
});
