/**
 * Speed of attention in training, forward and backward: `node --conditions=@yoco-u/source bench/wasm.ts [threads…]`. Operations
 * are those of the formulas: 4 and 10 for each visible key, query and component.
 */
import type { AnyKernel, CallDescription, Params, TensorType, WasmWord } from '@yoco-u/spec';
import { byteLength, f32, i32, tensorType } from '@yoco-u/tensor';
import { packBlocks, packBlocksBackward, softmax, softmaxBackward } from '../src/kernels/index.ts';
import { seededArray, seededNumbers } from '../src/testing/naive-attention.ts';
import { attentionModule } from '../src/wasm/attention.wasm.ts';
import { softmaxWasmKernels } from '../src/wasm/kernels.ts';
import { createTeam } from './team.ts';

interface Shape {
  readonly segments: number;
  readonly length: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly window: number | undefined;
}

const pause = 0.25;

async function measure(shape: Shape, variant: 'relaxed' | 'baseline', threads: number): Promise<void> {
  const { segments, length, heads, keyValueHeads, headDim, window } = shape;
  const rows = segments * length;
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  let top = 64;
  const reserve = (bytes: number): number => {
    const at = top;
    top += Math.ceil(bytes / 64) * 64;
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    return at;
  };
  const place = (type: TensorType) => ({ type, at: reserve(byteLength(type)) });
  const params = { segmentCount: segments, rows };
  const under = window === undefined ? params : { ...params, window };
  const wide = tensorType(f32, rows, heads * headDim);
  const narrow = tensorType(f32, rows, keyValueHeads * headDim);
  const [q, gradient] = [place(wide), place(wide)];
  const [k, v] = [place(narrow), place(narrow)];
  const next = seededNumbers(1);
  for (const { type, at } of [q, gradient, k, v]) {
    new Float32Array(memory.buffer, at, byteLength(type) / 4).set(seededArray(byteLength(type) / 4, next));
  }
  const table = place(tensorType(i32, segments, 4));
  const entries = Array.from({ length: segments }, (_, index) => [index * length, length, index, 0]);
  new Int32Array(memory.buffer, table.at, 4 * segments).set(entries.flat());

  const call = (spec: AnyKernel, inputs: readonly { type: TensorType; at: number }[], withParams: Params) => {
    const types = inputs.map(({ type }) => type);
    const outputs = spec.infer(types, withParams).map(place);
    const description: CallDescription = {
      kernel: spec.name,
      inputs: types,
      outputs: outputs.map(({ type }) => type),
      params: withParams,
    };
    const kernel = softmaxWasmKernels.find(
      (candidate) => candidate.kernel === spec.name && (candidate.select?.(description) ?? true) === true,
    )!;
    const bytes = kernel.workspace?.(description, threads) ?? 0;
    const workspace = reserve(bytes);
    const encoded = kernel.encode(description).map((word: WasmWord) => {
      if (typeof word === 'number') return word;
      if ('f32' in word || typeof word.cell !== 'number') throw new Error('expected fixed i32 words');
      const cell = reserve(4);
      new Int32Array(memory.buffer, cell, 1)[0] = word.cell;
      return cell;
    });
    const words = [1, workspace, bytes, 0, ...inputs.map(({ at }) => at), ...outputs.map(({ at }) => at), ...encoded];
    const args = reserve(4 * words.length);
    new Int32Array(memory.buffer, args, words.length).set(words);
    return { args, phases: kernel.phases, outputs };
  };
  const pack = call(packBlocks, [k, v, table], { ...params, keyValueHeads });
  const forward = call(softmax, [q, table, pack.outputs[0]!], under);
  const operands = [q, table, pack.outputs[0]!, ...forward.outputs, gradient];
  const backward = call(softmaxBackward, operands, under);
  const unpack = call(packBlocksBackward, [backward.outputs[1]!, table], { ...params, maxRows: rows });
  const all = [pack, forward, backward, unpack];
  const module = new WebAssembly.Module((attentionModule[variant] ?? attentionModule.baseline)());
  await using team = await createTeam(
    module,
    memory,
    all.flatMap(({ phases }) => [...phases]),
    threads,
  );
  for (const { args, phases } of all) team.run(args, phases);
  const pairs = Array.from({ length }, (_, i) => Math.min(i + 1, window ?? i + 1)).reduce((a, b) => a + b);
  const products = segments * heads * pairs * headDim;
  const best = all.map(() => Number.POSITIVE_INFINITY);
  const end = performance.now() + 1000 * pause * all.length;
  while (performance.now() < end) {
    all.forEach(({ args, phases }, index) => {
      const start = performance.now();
      team.run(args, phases);
      best[index] = Math.min(best[index]!, performance.now() - start);
    });
  }
  const [packing, forwards, backwards, unpacking] = best;
  const rate = (perPair: number, milliseconds: number): number => (perPair * products) / milliseconds / 1e6;
  const [ahead, back] = [rate(4, forwards!), rate(10, backwards!)];
  console.log(
    [
      variant.padEnd(8),
      `${threads} thr`,
      `${segments} x ${length}, H ${heads} G ${keyValueHeads} D ${headDim}, window ${window ?? 'none'}`.padEnd(44),
      `forward ${forwards!.toFixed(3)} ms ${ahead.toFixed(1)} GFLOP/s`.padEnd(34),
      `backward ${backwards!.toFixed(3)} ms ${back.toFixed(1)} GFLOP/s`.padEnd(35),
      `${((100 * back) / ahead).toFixed(0)} %`,
      ` pack ${packing!.toFixed(3)} ms, back ${unpacking!.toFixed(3)} ms`,
    ].join(' '),
  );
}

const counts = process.argv.slice(2).map(Number);
const grouped = { segments: 12, length: 256, heads: 4, keyValueHeads: 2, headDim: 32 };
for (const threads of counts.length === 0 ? [1, 2] : counts) {
  for (const window of [64, undefined]) await measure({ ...grouped, window }, 'relaxed', threads);
  await measure({ ...grouped, window: 64 }, 'baseline', threads);
  await measure({ ...grouped, segments: 1, length: 3072, window: 64 }, 'relaxed', threads);
  await measure(
    { segments: 3, length: 512, heads: 4, keyValueHeads: 4, headDim: 64, window: undefined },
    'relaxed',
    threads,
  );
  await measure(
    { segments: 1, length: 512, heads: 3, keyValueHeads: 1, headDim: 64, window: undefined },
    'relaxed',
    threads,
  );
}
