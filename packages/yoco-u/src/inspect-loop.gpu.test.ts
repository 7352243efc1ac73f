import { join } from 'node:path';
import { inspectLoop, type LoopInspection } from '@yoco-u/engine';
import { expect, test } from 'vitest';
import { loadParts } from './node.ts';

const golden = join(import.meta.dirname, '../../../fixtures/golden/yoco_u');
const ids = Array.from({ length: 23 }, (_, index) => (index * 37 + 5) % 97);

async function inspected(backend: 'reference' | 'webgpu'): Promise<LoopInspection> {
  await using parts = await loadParts(golden, { backend });
  return await inspectLoop(parts, ids, { attention: { stage: 0, iteration: 2, layer: 1, head: 3 } });
}

test('a look inside on WebGPU is that of the reference', async () => {
  const [expected, got] = [await inspected('reference'), await inspected('webgpu')];
  got.attention!.weights.forEach((weight, at) => {
    expect(weight).toBeCloseTo(expected.attention!.weights[at]!, 4);
  });
  got.iterations.forEach(({ change, readings }, iteration) => {
    const { change: changes, readings: all } = expected.iterations[iteration]!;
    for (let row = 0; row < ids.length; row++) {
      expect(change[row]).toBeCloseTo(changes[row]!, 4);
      const found = readings[row]!.alternatives.map(({ logProbability }) => logProbability);
      all[row]!.alternatives.forEach(({ logProbability }, rank) => {
        expect(found[rank]).toBeCloseTo(logProbability, 3);
      });
    }
  });
});
