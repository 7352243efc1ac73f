import { listParameters, withIterations } from '@yoco-u/model';
import { type Backend, RequestError } from '@yoco-u/spec';
import { elementCount, f32, tensorType } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { expect, test } from 'vitest';
import { inspectLoop } from './inspect-loop.ts';
import { keepingConfig } from './testing.ts';

const config = withIterations(keepingConfig, 3);
const gain = 0.75;

/** Weights under which an iteration adds `gain` times the token's own direction, and nothing else. */
function parametersOf(backend: Backend) {
  return Object.fromEntries(
    listParameters(config).map(({ name, shape }) => {
      const type = tensorType(f32, ...shape);
      const buffer = backend.allocate(type);
      const values = Float32Array.from({ length: elementCount(type) }, (_, at) => {
        if (name.endsWith('.attention_norm.weight')) return gain;
        return name.includes('embed') ? Math.sin(at + 1) : 0;
      });
      backend.write(buffer, values);
      return [name, buffer];
    }),
  );
}

test('the change of an iteration is the length that is added over the length before', async () => {
  await using backend = createReferenceBackend();
  const parameters = parametersOf(backend);
  const { iterations } = await inspectLoop({ backend, config, parameters }, [4, 9, 0]);
  const added = gain * Math.sqrt(config.hiddenSize);
  [4, 9, 0].forEach((id, row) => {
    const embedded = Array.from({ length: config.hiddenSize }, (_, i) => Math.sin(id * config.hiddenSize + i + 1));
    const length = Math.hypot(...embedded);
    iterations.forEach(({ change }, i) => {
      expect(change[row]).toBeCloseTo(added / (length + i * added), 5);
    });
  });
  expect(iterations.map(({ readings }) => readings.length)).toEqual([3, 3, 3]);
  expect(iterations[0]!.readings.map(({ logProbability }) => typeof logProbability)).toEqual([
    'number',
    'number',
    'undefined',
  ]);
});

test.each([
  ['no tokens', [], {}, 'inspect: ids: expected 1 to 256 tokens, got 0'],
  ['too many tokens', new Array(257).fill(1), {}, 'got 257'],
  ['an id that is none', [11], {}, 'ids from 0 to 10, got 11'],
  ['too many alternatives', [1], { alternatives: 21 }, 'inspect: alternatives: expected an integer from 0 to 20'],
  ['a stage that is not there', [1], { attention: { stage: 1, iteration: 0, layer: 0, head: 0 } }, 'attention.stage'],
  ['a head that is not there', [1], { attention: { stage: 0, iteration: 2, layer: 0, head: 3 } }, '0 to 2, got 3'],
  ['half a layer', [1], { attention: { stage: 0, iteration: 2, layer: 0.5, head: 0 } }, 'attention.layer'],
  ['a variant without weights', [1], { attention: { stage: 0, iteration: 0, layer: 0, head: 0 } }, "got 'keeping'"],
])('%s is refused', async (_, ids, options, message) => {
  await using backend = createReferenceBackend();
  const inspection = inspectLoop({ backend, config, parameters: parametersOf(backend) }, ids, options);
  await expect(inspection).rejects.toThrow(RequestError);
  await expect(inspection).rejects.toThrow(message);
});
