/**
 * Speed of a training step's retention on one thread, forward and backward:
 * `node --conditions=@yoco-u/source bench/training.ts [rows segments heads headDim]`.
 */
import type { KernelSpec, NumberArray, TensorType } from '@yoco-u/spec';
import { retentionDecayBackward } from '../src/decay-backward.ts';
import { retentionKeyValueBackward } from '../src/key-value-backward.ts';
import { retentionParallel } from '../src/retention-parallel.ts';
import type { RetentionParams } from '../src/retention-shapes.ts';
import { dataFor, randomCase, type SegmentRow, typesFor } from '../src/testing/cases.ts';
import { placeCall } from '../src/testing/wasm-host.ts';
import { gatedRetentionWasmKernels } from '../src/wasm.ts';
import { bestTime } from './best-time.ts';

const [rows = 3072, pieces = 12, heads = 4, headDim = 64] = process.argv.slice(2).map(Number);
const length = rows / pieces;
const segments = Array.from({ length: pieces }, (_, i): SegmentRow => [i * length, length, 0, 0]);
const operands = randomCase(1, rows, heads, headDim);
const types = typesFor(operands, { segments }, undefined);
const data = { ...dataFor(operands, { segments }, undefined), g: randomCase(2, rows, heads, headDim).q };
const wide = types.q!;

type Step = readonly [label: string, kernel: KernelSpec<RetentionParams>, operands: readonly string[]];

// what the gradients of q and k hold does not matter to the time of the last step
const forward: Step = ['forward', retentionParallel, ['q', 'k', 'v', 'decay', 'segments']];
const backward: readonly Step[] = [
  ['backward, q', retentionParallel, ['g', 'v', 'k', 'decay', 'segments']],
  ['backward, k and v', retentionKeyValueBackward, ['q', 'k', 'v', 'decay', 'segments', 'g']],
  ['backward, decay', retentionDecayBackward, ['q', 'k', 'v', 'g', 'decay', 'segments']],
];

console.log(`node ${process.version}, ${pieces} segments of ${length} rows, H ${heads}, D ${headDim}`);
for (const variant of ['relaxed', 'baseline'] as const) {
  let total = 0;
  for (const [label, kernel, names] of [forward, ...backward]) {
    const inputs = names.map((name) => ({
      type: (types[name] ?? wide) as TensorType,
      data: (data as Record<string, NumberArray>)[name]!,
    }));
    const call = await placeCall(
      {
        kernel,
        wasm: gatedRetentionWasmKernels.find(({ kernel: name }) => name === kernel.name)!,
        inputs,
        params: { segmentCount: pieces, rows },
        values: {},
        before: 0,
      },
      { variant, threads: 1 },
    );
    const seconds = bestTime(() => call.run());
    if (label !== forward[0]) total += seconds;
    const cost = kernel.cost(
      inputs.map(({ type }) => type),
      { segmentCount: pieces, rows },
    );
    console.log(
      `${variant.padEnd(8)} ${label.padEnd(18)} ${(1000 * seconds).toFixed(2).padStart(7)} ms` +
        `${(cost.flops / seconds / 1e9).toFixed(1).padStart(7)} GFLOP/s of the recurrent form`,
    );
  }
  console.log(`${variant.padEnd(8)} ${'backward in all'.padEnd(18)} ${(1000 * total).toFixed(2).padStart(7)} ms`);
}
