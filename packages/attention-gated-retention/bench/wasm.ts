/**
 * Speed and error of the WASM kernels on one thread: `node --conditions=@yoco-u/source bench/wasm.ts`.
 * Beside them stands the same machine's peak of 128-bit multiply-adds as the register tile reaches it on resident data.
 */
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { retention } from '../src/retention.ts';
import { retentionParallel } from '../src/retention-parallel.ts';
import { dataFor, onBackend, type RetentionRun, randomCase, relativeError, typesFor } from '../src/testing/cases.ts';
import { placeCall } from '../src/testing/wasm-host.ts';
import { gatedRetentionWasmKernels } from '../src/wasm.ts';
import { bestTime } from './best-time.ts';

const reference = onBackend(createReferenceBackend({ kernels: [retentionParallel, retention] }));

console.log(`node ${process.version}`);
for (const variant of ['relaxed', 'baseline'] as const) {
  for (const [form, rows, heads, headDim] of [
    ['parallel', 512, 4, 64],
    ['parallel', 512, 4, 128],
    ['chunkwise', 512, 4, 64],
    ['chunkwise', 128, 4, 64],
    ['chunkwise', 512, 4, 128],
    ['chunkwise', 8, 4, 64],
    ['chunkwise', 2, 4, 64],
    ['recurrent', 1, 4, 64],
    ['recurrent', 1, 20, 128],
  ] as const) {
    const operands = randomCase(1, rows, heads, headDim);
    const state = form === 'parallel' ? undefined : new Float32Array(heads * headDim ** 2);
    const run: RetentionRun = { segments: [[0, rows, 0, 1]] };
    const kernel = state === undefined ? retentionParallel : retention;
    const types = typesFor(operands, run, state);
    const call = await placeCall(
      {
        kernel,
        wasm: gatedRetentionWasmKernels.find(({ kernel: name }) => name === kernel.name)!,
        inputs: Object.entries(dataFor(operands, run, state)).map(([name, data]) => ({ type: types[name]!, data })),
        params: { segmentCount: 1, rows },
        values: {},
        before: 0,
      },
      { variant, threads: 1 },
    );
    call.run();
    const expectedState = state && new Float64Array(state.length);
    const error = relativeError(call.output(0), await reference(operands, run, expectedState));
    const stateError = expectedState === undefined ? 0 : relativeError(call.input(5), expectedState);
    const seconds = bestTime(() => call.run());
    const flops = 4 * rows * heads * headDim ** 2;
    console.log(
      [
        variant.padEnd(8),
        form.padEnd(9),
        `T ${rows} H ${heads} D ${headDim}`.padEnd(18),
        `${(1e6 * seconds).toFixed(1)} us`.padStart(11),
        `${((1e6 * seconds) / rows).toFixed(2)} us/row`.padStart(14),
        `${(flops / seconds / 1e9).toFixed(1)} GFLOP/s of the formula`.padStart(30),
        ` error ${error.toExponential(1)}, state ${stateError.toExponential(1)}`,
      ].join(' '),
    );
  }
}
