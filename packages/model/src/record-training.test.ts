import type { DeviceBuffer } from '@yoco-u/spec';
import { elementCount, f32 } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { parseConfig, withIterations } from './config.ts';
import { listParameters } from './parameters.ts';
import type { LayerApplication } from './record.ts';
import { gradientName, recordTraining } from './record-training.ts';
import { registry, yocoU } from './testing.ts';

const config = parseConfig(yocoU, registry);
const options = { maxRows: 21, maxSegments: 3 };

describe('recordTraining', () => {
  test('every parameter has one state for its gradient, however often it is used', () => {
    const { tensors } = recordTraining(config, options);
    const states = tensors.filter(({ role }) => role === 'state');
    expect(states.map(({ name }) => name).sort()).toEqual(
      listParameters(config)
        .map(({ name }) => gradientName(name))
        .sort(),
    );
    const shapes = new Map(tensors.map(({ name, type }) => [name, type]));
    for (const { name, shape } of listParameters(config)) {
      expect(shapes.get(gradientName(name))).toEqual({ shape, format: f32 });
      expect(shapes.get(name)).toEqual({ shape, format: f32 });
    }
  });

  test('a looped matrix is added to in place, once an iteration', () => {
    for (const iterations of [1, 3]) {
      const { tensors, calls } = recordTraining(withIterations(config, iterations), options);
      const name = gradientName('model.stages.0.layers.1.feed_forward.up_proj.weight');
      const id = tensors.findIndex((tensor) => tensor.name === name);
      const writers = calls.filter(({ inputs, updates }) => updates.some((position) => inputs[position] === id));
      expect(writers.map(({ kernel }) => kernel)).toEqual(
        new Array<string>(iterations).fill('linear_weight_accumulate'),
      );
    }
  });

  test('a tied table gets the gradients of head and embedding', () => {
    const { tensors, calls } = recordTraining(config, options);
    const id = tensors.findIndex(({ name }) => name === gradientName('model.embed_tokens.weight'));
    const writers = calls.filter(({ inputs, updates }) => updates.some((position) => inputs[position] === id));
    expect(writers.map(({ kernel }) => kernel)).toEqual(['linear_cross_entropy_accumulate', 'embedding_accumulate']);
  });

  test('layers recomputed, some or all, give the same gradients, to the bit, from a smaller arena', async () => {
    const deep = withIterations(config, 6);
    const gradients = async (share: 'none' | 'some' | 'all') => {
      const recompute = ({ iteration, layer }: LayerApplication) =>
        share === 'all' || (share === 'some' && (iteration + layer) % 3 === 0);
      const program = recordTraining(deep, { ...options, recompute });
      await using backend = createReferenceBackend({ kernels: registry.flatMap(({ kernels }) => kernels) });
      const buffers: Record<string, DeviceBuffer> = {};
      let seed = 1;
      for (const { role, name, type } of program.tensors) {
        if (role === 'temporary') continue;
        buffers[name] = backend.allocate(type);
        if (role !== 'parameter' && name !== 'rotation') continue;
        const values = Float64Array.from({ length: elementCount(type) }, () => {
          seed = (seed * 16807) % 2147483647;
          return seed / 2147483647 - 0.4;
        });
        backend.write(buffers[name], values);
      }
      const ids = Int32Array.from({ length: 21 }, (_, i) => (i * 31) % 97);
      backend.write(buffers.tokens!, ids);
      backend.write(buffers.targets!, ids.toReversed());
      backend.write(buffers.segments!, Int32Array.of(0, 9, 0, 0, 9, 12, 1, 0));
      const executable = await backend.compile(program);
      executable.bind(buffers).run({ rows: 21, segment_count: 2, longest: 12 });
      const results: Float64Array[] = [];
      for (const { name } of listParameters(deep)) {
        const into = new Float64Array(elementCount(buffers[gradientName(name)]!.type));
        await backend.download(buffers[gradientName(name)]!, into);
        results.push(into);
      }
      return { results, arenaBytes: executable.arenaBytes, calls: program.calls.length };
    };
    const kept = await gradients('none');
    const partly = await gradients('some');
    const recomputed = await gradients('all');
    for (const { results } of [partly, recomputed]) expect(results).toEqual(kept.results);
    const zero = kept.results.flatMap((values, at) =>
      values.some((value) => value !== 0) ? [] : [listParameters(deep)[at]!.name],
    );
    expect(zero).toEqual([]);
    expect(partly.arenaBytes).toBeLessThan(kept.arenaBytes);
    expect(recomputed.arenaBytes).toBeLessThan(kept.arenaBytes / 2);
    expect(recomputed.calls).toBeLessThan(1.5 * kept.calls);
  });

  test('the loss is the only output, and logits of all rows are nowhere', () => {
    const { tensors } = recordTraining(config, options);
    expect(tensors.filter(({ role }) => role === 'output').map(({ name }) => name)).toEqual(['loss']);
    const logits = options.maxRows * config.vocabularySize;
    const temporaries = tensors.filter(({ role }) => role === 'temporary');
    expect(temporaries.some(({ type }) => type.shape.reduce((a, b) => a * b, 1) === logits)).toBe(false);
  });
});
