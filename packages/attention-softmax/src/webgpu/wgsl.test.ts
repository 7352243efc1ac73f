/** The texts of all kernels, pinned: a change of one shows in review. They are compiled by the suites that run them. */
import type { WebGpuDevice } from '@yoco-u/spec';
import { createGraph, describeCall, f32, i32, tensorType } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import {
  commitPages,
  commitRing,
  full,
  packBlocks,
  packBlocksBackward,
  slidingWindow,
  softmax,
  softmaxBackward,
  softmaxPaged,
  softmaxRing,
} from '../kernels/index.ts';
import { softmaxWebGpuKernels } from './index.ts';

const [maxRows, heads, keyValueHeads] = [5, 4, 2] as const;
const devices = (['registers', 'workgroup'] as const).map(
  (tiles): WebGpuDevice => ({
    tiles,
    extensions: [],
    workgroupBytes: 32_768,
    workgroupSize: 256,
    bindingBytes: 2 ** 30,
  }),
);

/** A call of every kernel, for heads of a width. */
function callsOf(headDim: number) {
  const graph = createGraph();
  const rows = (name: string, count: number) => graph.declare('input', name, tensorType(f32, maxRows, count * headDim));
  const [q, k, v, gradient] = [rows('q', heads), rows('k', keyValueHeads), rows('v', keyValueHeads), rows('g', heads)];
  const segments = graph.declare('input', 'segments', tensorType(i32, 2, 4));
  const table = graph.declare('input', 'table', tensorType(i32, 2, 3));
  const ring = graph.declare('state', 'ring', tensorType(f32, 2, 2, keyValueHeads, 3, 8 * headDim));
  const pool = graph.declare('state', 'pool', tensorType(f32, 6, 2, keyValueHeads, 4, 8 * headDim));
  const given = { segmentCount: graph.scalar('segment_count', 'i32'), rows: graph.scalar('rows', 'i32') };
  const packing = { ...given, keyValueHeads };
  const within = { ...given, window: 17 };
  const [fresh] = graph.call(packBlocks, [k, v, segments], packing);
  const [out, statistics] = graph.call(softmax, [q, segments, fresh!], given);
  const [, ofFresh] = graph.call(softmaxBackward, [q, segments, fresh!, out!, statistics!, gradient], given);
  const [ofKeys] = graph.call(packBlocksBackward, [ofFresh!, segments], { ...given, maxRows });
  const [remembered] = graph.call(packBlocks, [k, v, segments, ring], packing);
  const results = [
    graph.call(softmaxRing, [q, segments, remembered!, ring], within)[0]!,
    graph.call(softmaxPaged, [q, segments, pool, table], given)[0]!,
    graph.call(slidingWindow, [q, k, v, segments, ring], within)[0]!,
    graph.call(full, [q, k, v, segments, table, pool], given)[0]!,
  ];
  graph.call(commitRing, [remembered!, segments, ring], given);
  graph.call(commitPages, [k, v, segments, table, pool], given);
  const outputs = [ofKeys!, ...results].map((tensor, index) => [`out${index}`, tensor] as const);
  const program = graph.build(Object.fromEntries(outputs));
  return program.calls.map((call) => describeCall(program, call));
}

test.each(softmaxWebGpuKernels.map((kernel) => [kernel.kernel, kernel] as const))('%s', async (name, kernel) => {
  const texts = [6, 8].flatMap((headDim) =>
    callsOf(headDim)
      .filter((call) => call.kernel === name)
      .flatMap((call) => devices.flatMap((device) => kernel.dispatches(call, device).map(({ code }) => code))),
  );
  expect(texts.length).toBeGreaterThan(0);
  await expect([...new Set(texts)].join('\n// ----\n')).toMatchFileSnapshot(`../../wgsl/${name}.wgsl`);
});
