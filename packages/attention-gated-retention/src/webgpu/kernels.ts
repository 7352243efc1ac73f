/** How the WebGPU backend runs the kernels: bindings, uniforms and extents of every dispatch. */
import type { AnyWebGpuKernel, CallDescription, WebGpuBinding, WebGpuDispatch, WebGpuWord } from '@yoco-u/spec';
import { decaySizesOf, retentionDecayBackward } from '../decay-backward.ts';
import { retentionKeyValueBackward } from '../key-value-backward.ts';
import { retention } from '../retention.ts';
import { retentionParallel } from '../retention-parallel.ts';
import { type RetentionParams, sizesOf } from '../retention-shapes.ts';
import { decaySumsText, decayTermsText, forwardText, reversedText } from './retention.wgsl.ts';

type Call = CallDescription<RetentionParams>;

/** Invocations of a workgroup along a head's columns, and along heads. */
const columnsAtOnce = 32;
const segments = (input: number): WebGpuBinding => ({ input, element: 'vec4i' });

function words({ rows }: RetentionParams, heads: number): Readonly<Record<string, WebGpuWord>> {
  return { rows: { i32: rows }, heads: { i32: heads } };
}

/** A dispatch with one invocation a (segment, head, column). */
function columns(call: Call, code: string, bindings: WebGpuDispatch['bindings']): WebGpuDispatch {
  const { heads, headDim } = sizesOf(call.inputs);
  const { params } = call;
  return {
    code,
    bindings,
    uniforms: { ...words(params, heads), scale: { f32: 1 / Math.sqrt(headDim) } },
    workgroups: (value) => [Math.ceil(headDim / columnsAtOnce), heads, value(params.segmentCount)],
  };
}

function forward(call: Call): readonly WebGpuDispatch[] {
  const states = call.inputs.length === 6;
  const { headDim } = sizesOf(call.inputs);
  const bindings = {
    q: { input: 0 },
    k: { input: 1 },
    v: { input: 2 },
    decay: { input: 3 },
    segments: segments(4),
    ...(states ? { states: { input: 5 } } : {}),
    o: { output: 0 },
  };
  return [columns(call, forwardText(headDim, states), bindings)];
}

function keyValueBackward(call: Call): readonly WebGpuDispatch[] {
  const code = reversedText(sizesOf(call.inputs).headDim);
  const common = { decay: { input: 3 }, segments: segments(4) };
  const [q, k, v, gradient] = [{ input: 0 }, { input: 1 }, { input: 2 }, { input: 5 }];
  return [
    columns(call, code, { a: gradient, b: q, x: v, ...common, result: { output: 0 } }),
    columns(call, code, { a: q, b: gradient, x: k, ...common, result: { output: 1 } }),
  ];
}

function decayBackward({ inputs, params }: Call): readonly WebGpuDispatch[] {
  const { rows, heads, headDim } = decaySizesOf(inputs);
  const terms: WebGpuBinding = { scratch: 'terms', bytes: 4 * rows * heads, element: 'f32' };
  const uniforms = words(params, heads);
  return [
    {
      code: decayTermsText(headDim),
      bindings: { q: { input: 0 }, k: { input: 1 }, of_queries: { input: 2 }, of_keys: { input: 3 }, terms },
      uniforms,
      workgroups: (value) => [Math.ceil(value(params.rows) / 64), heads],
    },
    {
      code: decaySumsText,
      bindings: { decay: { input: 4 }, segments: segments(5), terms, of_decay: { output: 0 } },
      uniforms,
      workgroups: (value) => [Math.ceil(heads / columnsAtOnce), value(params.segmentCount)],
    },
  ];
}

/** All kernels of this package, gradients included. */
export const gatedRetentionWebGpuKernels: readonly AnyWebGpuKernel[] = [
  { abi: 1, kernel: retentionParallel.name, dispatches: forward },
  { abi: 1, kernel: retention.name, dispatches: forward },
  { abi: 1, kernel: retentionKeyValueBackward.name, dispatches: keyValueBackward },
  { abi: 1, kernel: retentionDecayBackward.name, dispatches: decayBackward },
];
