import { slidingWindowAttention } from '@yoco-u/attention-softmax';
import { softmaxWasmKernels } from '@yoco-u/attention-softmax/wasm';
import type { ModelFolder } from '@yoco-u/checkpoint';
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { type AnyWasmKernel, type AttentionPlugin, ConfigError, type KernelSpec } from '@yoco-u/spec';
import { createGraph, f32, tensorType } from '@yoco-u/tensor';
import { describe, expect, test } from 'vitest';
import { builtInAttention, createBackend, loadModelFrom } from './index.ts';
import { greedyIds, recorded } from './testing.ts';

const path = new URL('../../../fixtures/models/stories-reference/', import.meta.url).pathname;

/** The model, with the attention of its first stage under another name. */
const renamed = (folder: ModelFolder): ModelFolder => {
  const [self, cross] = folder.config.stages as object[];
  return { ...folder, config: { ...folder.config, stages: [{ ...self, attention: 'mine' }, cross!] } };
};

describe('a plug-in', () => {
  const plugin: AttentionPlugin = { variants: [{ ...slidingWindowAttention, name: 'mine' }] };

  test('brings variants that a config may name beside the built-in ones', async () => {
    await using folder = await openModelFolder(path);
    await using loaded = await loadModelFrom(renamed(folder), { plugins: [plugin], threads: 1 });
    expect(await greedyIds(loaded)).toEqual(recorded.ids);
  });

  test('that is not passed is missing by name', async () => {
    await using folder = await openModelFolder(path);
    await expect(loadModelFrom(renamed(folder), { threads: 1 })).rejects.toThrow(ConfigError);
  });

  test('cannot take the name of a built-in variant', async () => {
    await using folder = await openModelFolder(path);
    const plugins = [{ variants: [slidingWindowAttention] }];
    await expect(loadModelFrom(folder, { plugins })).rejects.toThrow(
      "self attention 'sliding_window': expected one variant",
    );
  });

  test('has its WASM kernels asked before built-in ones of the same name', async () => {
    const asked: string[] = [];
    const mine: AnyWasmKernel[] = softmaxWasmKernels.map((kernel) => ({
      ...kernel,
      select(call) {
        asked.push(call.kernel);
        return kernel.select?.(call) ?? true;
      },
    }));
    await using folder = await openModelFolder(path);
    await using loaded = await loadModelFrom(folder, { plugins: [{ variants: [], wasmKernels: mine }], threads: 1 });
    expect(await greedyIds(loaded)).toEqual(recorded.ids);
    expect(asked).toContain('attention.softmax_paged');
    expect(asked).toContain('attention.pack_blocks');
  });

  test('has the kernels of its variants on the reference backend', async () => {
    const twice: KernelSpec<object> = {
      name: 'attention.twice',
      infer: ([x]) => [x!],
      cost: () => ({ flops: 3, bytes: 24 }),
      reference({ inputs: [x], outputs: [y] }) {
        x!.forEach((value, index) => {
          y![index] = 2 * value;
        });
      },
    };
    const variants = [{ ...slidingWindowAttention, name: 'twice', kernels: [twice] }];
    const graph = createGraph();
    const type = tensorType(f32, 3);
    const program = graph.build({ y: graph.call(twice, [graph.declare('input', 'x', type)], {})[0]! });
    await using backend = await createBackend({ backend: 'reference', plugins: [{ variants }] });
    using executable = await backend.compile(program);
    const buffers = { x: backend.allocate(type), y: backend.allocate(type) };
    backend.write(buffers.x, Float32Array.of(1, 2, 3));
    executable.bind(buffers).run();
    const result = new Float32Array(3);
    await backend.download(buffers.y, result);
    expect([...result]).toEqual([2, 4, 6]);
    await using without = await createBackend({ threads: 1 });
    await expect(without.compile(program)).rejects.toThrow('wasmKernels of the plug-ins of loadModelFrom');
  });
});

test('the built-in variants are those of both packages', () => {
  expect(builtInAttention.map(({ stage, name }) => `${stage} ${name}`)).toEqual([
    'self sliding_window',
    'self full',
    'cross full',
    'self gated_retention',
  ]);
});
