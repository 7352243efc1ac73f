/** The WebGPU backend in Node: every kernel, in a part of the cases, since software adapters are slow. */
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { type AnyKernelCase, baseKernelCases, describeBackend, describeKernel } from '@yoco-u/conformance';
import { test } from 'vitest';
import { hasSubgroups, webGpuBackends } from './backends.ts';

/** Widths repeat every seven cases: steps of five have all of them with some row count. */
const some = (cases: readonly AnyKernelCase[], step: number): readonly AnyKernelCase[] =>
  cases.filter((_, index) => index % step === 0 || index === cases.length - 1);

describeBackend('webgpu', () => createWebGpuBackend());

/** Kernels of every form that shares through workgroup memory; the others have one form, or are made of these. */
const sharing = new Set([
  'add_rms_norm',
  'add_rms_norm_swiglu',
  'linear',
  'linear_heads',
  'linear_input_backward',
  'linear_weight_accumulate',
  'rms_norm',
]);
/** Kernels whose cases differ in what they are about, not in size alone. */
const whole = new Set(['top_k']);
/** Those with a form for subgroups, and their cases that it takes: of rows in fours. */
const inQuads = new Set(['add_rms_norm_swiglu', 'linear', 'linear_add', 'linear_heads']);
const ofFours = (cases: readonly AnyKernelCase[]): readonly AnyKernelCase[] =>
  cases.filter(({ inputs }) => inputs.some(({ type, matrix }) => matrix === true && type.shape[1]! % 4 === 0));
const registers = webGpuBackends({}, ['registers']);
const workgroup = webGpuBackends({}, ['workgroup']);
const subgroups = (await hasSubgroups()) ? webGpuBackends({}, ['subgroups']) : undefined;
if (subgroups === undefined) test.skip('products in quads: this adapter has no subgroups; SwiftShader and lavapipe do');
for (const { kernel, cases } of baseKernelCases) {
  describeKernel(kernel, { cases: some(cases, whole.has(kernel.name) ? 1 : 5), backends: registers });
  if (sharing.has(kernel.name)) describeKernel(kernel, { cases: some(cases, 11), backends: workgroup });
  if (subgroups !== undefined && inQuads.has(kernel.name)) {
    describeKernel(kernel, { cases: ofFours(cases), backends: subgroups });
  }
}
