/** Losses, sums, clipping and optimizer steps. */
import type { AnyWebGpuKernel, Value, WebGpuDispatch, WebGpuKernel, WebGpuWord } from '@yoco-u/spec';
import {
  type AdamwUpdateParams,
  adamwUpdate,
  type ClipScaleParams,
  clipScale,
  elementCount,
  meanLoss,
  meanLossBackward,
  type OptimizerParams,
  type RowParams,
  type SgdUpdateParams,
  sgdUpdate,
  squareSum,
} from '@yoco-u/tensor';
import { type Call, f32, i32, indent, input, inputCount, output, overElements, rowMajor, typeOf } from './calls.ts';

/** Elements of a part of a sum of squares, summed by one workgroup. */
const squareSumPart = 4096;
/** Invocations of a workgroup that sums. */
const lanes = 64;

/** A kernel of workgroups that sum: `lane` counts invocations; `total(part)` adds up what each of them brings, in order. */
function summing(body: string): string {
  return `var<workgroup> shares: array<f32, ${lanes}>;

fn total(lane: i32, share: f32) -> f32 {
  workgroupBarrier();
  shares[lane] = share;
  workgroupBarrier();
  var sum = 0.0;
  for (var other = 0; other < ${lanes}; other++) { sum += shares[other]; }
  return sum;
}

@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
${indent(body, 2)}
}
`;
}

const countTargets = `var share = 0.0;
for (var row = lane; row < params.rows; row += ${lanes}) { if (targets[row] >= 0) { share += 1; } }
let count = total(lane, share);`;

const step = (call: Call<OptimizerParams>): Readonly<Record<string, WebGpuWord>> => ({
  learning_rate: f32(call.params.learningRate),
  weight_decay: f32(call.params.weightDecay),
  gradient_scale: f32(call.params.gradientScale ?? 1),
});

const scaled = (isScaled: boolean): string => ` * params.gradient_scale${isScaled ? ' * scale[0]' : ''}`;

function adamw(inputs: number): WebGpuKernel<AdamwUpdateParams> {
  return {
    abi: 1,
    kernel: adamwUpdate.name,
    select: inputCount(inputs),
    dispatches: (call) =>
      overElements(
        1,
        elementCount(typeOf(call, 0)),
        {
          parameter: input(0),
          mean: input(1),
          variance: input(2),
          gradient: input(3),
          ...(inputs === 5 ? { scale: input(4) } : {}),
        },
        `let g = gradient[i]${scaled(inputs === 5)};
let m = params.beta1 * mean[i] + (1 - params.beta1) * g;
let v = params.beta2 * variance[i] + (1 - params.beta2) * g * g;
mean[i] = m;
variance[i] = v;
let p = parameter[i];
let step = m / params.mean_correction / (sqrt(v / params.variance_correction) + params.eps);
parameter[i] = p - params.learning_rate * (step + params.weight_decay * p);`,
        {
          ...step(call),
          beta1: f32(call.params.beta1),
          beta2: f32(call.params.beta2),
          eps: f32(call.params.eps),
          mean_correction: f32(call.params.meanCorrection),
          variance_correction: f32(call.params.varianceCorrection),
        },
      ),
  };
}

function sgd(inputs: number): WebGpuKernel<SgdUpdateParams> {
  return {
    abi: 1,
    kernel: sgdUpdate.name,
    select: inputCount(inputs),
    dispatches: (call) =>
      overElements(
        1,
        elementCount(typeOf(call, 0)),
        {
          parameter: input(0),
          velocity: input(1),
          gradient: input(2),
          ...(inputs === 4 ? { scale: input(3) } : {}),
        },
        `let v = params.momentum * velocity[i] + gradient[i]${scaled(inputs === 4)};
velocity[i] = v;
parameter[i] -= params.learning_rate * (v + params.weight_decay * parameter[i]);`,
        { ...step(call), momentum: f32(call.params.momentum) },
      ),
  };
}

function squares(inputs: number): WebGpuKernel {
  return {
    abi: 1,
    kernel: squareSum.name,
    select: inputCount(inputs),
    dispatches({ inputs: [x] }) {
      const count = elementCount(x!);
      const parts = Math.ceil(count / squareSumPart);
      const partials = { scratch: 'parts', bytes: 4 * parts, element: 'f32' } as const;
      return [
        {
          code: summing(`for (var part = i32(group.x); part < params.parts; part += 65535) {
  let end = min((part + 1) * ${squareSumPart}, params.count);
  var share = 0.0;
  for (var i = part * ${squareSumPart} + lane; i < end; i += ${lanes}) { share = fma(x[i], x[i], share); }
  let sum = total(lane, share);
  if (lane == 0) { parts[part] = sum; }
}`),
          bindings: { x: input(0), parts: partials },
          uniforms: { count: i32(count), parts: i32(parts) },
          workgroups: () => [Math.min(65535, parts)],
        },
        {
          code: summing(`var share = 0.0;
for (var part = lane; part < params.parts; part += ${lanes}) { share += parts[part]; }
let sum = total(lane, share);
if (lane == 0) { result[0] = ${inputs === 2 ? 'before[0] + ' : ''}sum; }`),
          bindings: { parts: partials, ...(inputs === 2 ? { before: input(1) } : {}), result: output(0) },
          uniforms: { parts: i32(parts) },
          workgroups: () => [1],
        },
      ];
    },
  };
}

const one = (rows: Value, bindings: WebGpuDispatch['bindings'], body: string): readonly WebGpuDispatch[] => [
  { code: summing(body), bindings, uniforms: { rows: i32(rows) }, workgroups: () => [1] },
];

const kernels = {
  adamwUpdate: adamw(4),
  adamwUpdateScaled: adamw(5),
  sgdUpdate: sgd(3),
  sgdUpdateScaled: sgd(4),
  squareSum: squares(1),
  squareSumAfter: squares(2),
  clipScale: {
    abi: 1,
    kernel: clipScale.name,
    select: rowMajor,
    dispatches: ({ params: { max, gradientScale } }) =>
      overElements(
        1,
        1,
        { squares: input(0), scale: output(0), norm: output(1) },
        `let length = params.gradient_scale * sqrt(squares[0]);
norm[0] = length;
scale[0] = params.gradient_scale * min(1, params.most / (length + 1e-6));`,
        { most: f32(max), gradient_scale: f32(gradientScale ?? 1) },
      ),
  } satisfies WebGpuKernel<ClipScaleParams>,
  meanLoss: {
    abi: 1,
    kernel: meanLoss.name,
    select: rowMajor,
    dispatches: ({ inputs: [losses], params }) =>
      one(
        params.rows ?? elementCount(losses!),
        { losses: input(0), targets: input(1), mean: output(0) },
        `${countTargets}
share = 0;
for (var row = lane; row < params.rows; row += ${lanes}) { if (targets[row] >= 0) { share += losses[row]; } }
let sum = total(lane, share);
if (lane == 0) { mean[0] = select(sum / max(count, 1), 0, count == 0); }`,
      ),
  } satisfies WebGpuKernel<RowParams>,
  meanLossBackward: {
    abi: 1,
    kernel: meanLossBackward.name,
    select: rowMajor,
    dispatches: ({ inputs: [targets], params }) =>
      one(
        params.rows ?? elementCount(targets!),
        { targets: input(0), gradient: input(1), dlosses: output(0) },
        `${countTargets}
let each = gradient[0] / max(count, 1);
for (var row = lane; row < params.rows; row += ${lanes}) { dlosses[row] = select(each, 0, targets[row] < 0); }`,
      ),
  } satisfies WebGpuKernel<RowParams>,
};

export const optimizerKernels: readonly AnyWebGpuKernel[] = Object.values(kernels);
