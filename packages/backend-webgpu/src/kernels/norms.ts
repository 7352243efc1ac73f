/**
 * Norms and their gradients: one invocation a group of elements that are normed together. Where barriers are cheap, a workgroup
 * for each group of the forward kernels, if it is wide.
 */
import type { AnyWebGpuKernel, Value, WebGpuDevice, WebGpuDispatch, WebGpuKernel } from '@yoco-u/spec';
import {
  addRmsNorm,
  addRmsNormBackward,
  type RmsNormBackwardParams,
  type RmsNormParams,
  type RowParams,
  rmsNorm,
  rmsNormBackward,
  rmsNormSwiglu,
  rowCount,
  rowsOf,
  width,
} from '@yoco-u/tensor';
import {
  type Call,
  f32,
  groupsOf,
  i32,
  input,
  inputCount,
  loop,
  mostWorkgroups,
  output,
  sigmoid,
  typeOf,
  type ValueOf,
} from './calls.ts';

/** Groups whose sums of weight gradients are kept apart, so that they are summed side by side. */
const chunkGroups = 32;

interface Groups {
  readonly rows: Value;
  /** Elements of a group. */
  readonly size: number;
  readonly perRow: number;
  count(value: ValueOf): number;
}

function groupsOfCall(call: Call<RowParams & { readonly group?: number }>): Groups {
  const x = typeOf(call, 0);
  const size = call.params.group ?? width(x);
  const rows = rowsOf(call.params, x);
  const perRow = width(x) / size;
  return { rows, size, perRow, count: (value) => value(rows) * perRow };
}

const words = ({ rows, size, perRow }: Groups, eps: number): NonNullable<WebGpuDispatch['uniforms']> => ({
  rows: i32(rows),
  size: i32(size),
  groups: i32(perRow),
  eps: f32(eps),
});

const squares = (element: string): string => `let start = i * params.size;
var squares = 0.0;
for (var c = 0; c < params.size; c++) {
  let element = ${element};
  squares += element * element;
}
let factor = 1 / sqrt(squares / f32(params.size) + params.eps);`;

/** Invocations that norm a group together. */
const lanes = 64;

/**
 * A kernel that norms `element`, an expression of `at`, and then does `write` with `element`, `factor` and `c`. The text sums up
 * either way in an order that depends on the width alone.
 */
function normText(isWide: boolean, element: string, write: string): string {
  if (!isWide) {
    return loop(
      'params.rows * params.groups',
      `${squares(element.replaceAll('at', 'start + c'))}
for (var c = 0; c < params.size; c++) {
  let at = start + c;
  let element = ${element};
  ${write}
}`,
    );
  }
  return `var<workgroup> shares: array<f32, ${lanes}>;

@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let lane = i32(index);
  for (var i = i32(group.x); i < params.rows * params.groups; i += ${mostWorkgroups}) {
    let start = i * params.size;
    var share = 0.0;
    for (var c = lane; c < params.size; c += ${lanes}) {
      let at = start + c;
      let element = ${element};
      share = fma(element, element, share);
    }
    workgroupBarrier();
    shares[lane] = share;
    workgroupBarrier();
    var squares = 0.0;
    for (var other = 0; other < ${lanes}; other++) { squares += shares[other]; }
    let factor = 1 / sqrt(squares / f32(params.size) + params.eps);
    for (var c = lane; c < params.size; c += ${lanes}) {
      let at = start + c;
      let element = ${element};
      ${write}
    }
  }
}
`;
}

/**
 * `squares_of(start, lane)`: the sum of squares of a row's elements in the order of `normText`, for the `invocations` of a workgroup
 * that all call it. `element` is an expression of start and c.
 */
export function squaresText(columns: number, { tiles }: WebGpuDevice, invocations: number, element: string): string {
  if (tiles === 'registers' || columns < lanes) {
    return `fn squares_of(start: i32, lane: i32) -> f32 {
  var squares = 0.0;
  for (var c = 0; c < params.width; c++) {
    let element = ${element};
    squares += element * element;
  }
  return squares;
}
`;
  }
  return `var<workgroup> shares: array<f32, ${lanes}>;

fn squares_of(start: i32, lane: i32) -> f32 {
  for (var own = lane; own < ${lanes}; own += ${invocations}) {
    var share = 0.0;
    for (var c = own; c < params.width; c += ${lanes}) {
      let element = ${element};
      share = fma(element, element, share);
    }
    shares[own] = share;
  }
  workgroupBarrier();
  var squares = 0.0;
  for (var other = 0; other < ${lanes}; other++) { squares += shares[other]; }
  return squares;
}
`;
}

/** `squares`: the sum of squares of `whole`, a head of D elements in workgroup memory, in the order of `normText`. */
export function headSquares(headDim: number, { tiles }: WebGpuDevice): string {
  if (tiles === 'registers' || headDim < lanes) {
    return 'var squares = 0.0;\nfor (var c = 0; c < D; c++) { squares += whole[c] * whole[c]; }\n';
  }
  return `var squares = 0.0;
for (var other = 0; other < ${lanes}; other++) {
  var share = 0.0;
  for (var c = other; c < D; c += ${lanes}) { share = fma(whole[c], whole[c], share); }
  squares += share;
}
`;
}

const isWide = ({ size }: Groups, { tiles }: WebGpuDevice): boolean => tiles === 'workgroup' && size >= lanes;

/** Workgroups of `normText`. */
const normGroups =
  (groups: Groups, device: WebGpuDevice) =>
  (value: ValueOf): readonly [number] =>
    isWide(groups, device) ? [Math.min(mostWorkgroups, groups.count(value))] : groupsOf(groups.count(value));

const norm = (weighted: boolean): WebGpuKernel<RmsNormParams> => ({
  abi: 1,
  kernel: rmsNorm.name,
  select: inputCount(weighted ? 2 : 1),
  dispatches(call, device) {
    const groups = groupsOfCall(call);
    const write = `y[at] = element * factor${weighted ? ' * weight[c]' : ''};`;
    return [
      {
        code: normText(isWide(groups, device), 'x[at]', write),
        bindings: { x: input(0), ...(weighted ? { weight: input(1) } : {}), y: output(0) },
        uniforms: words(groups, call.params.eps),
        workgroups: normGroups(groups, device),
      },
    ];
  },
});

/** Positions of what a gradient of a norm reads. */
interface BackwardInputs {
  readonly weight?: number;
  readonly gradient: number;
  /** The gradient of the sum that was normed. */
  readonly more?: number;
}

/**
 * dx = f · g·weight − x · f³/n · Σ(g·weight·x). With a weight, f is kept for its gradient, Σ over groups of g · x · f: first
 * over chunks of groups, then over the chunks.
 */
function normBackward(
  call: Call<RmsNormBackwardParams>,
  { weight, gradient, more }: BackwardInputs,
): readonly WebGpuDispatch[] {
  const groups = groupsOfCall(call);
  const most = rowCount(typeOf(call, 0)) * groups.perRow;
  const mostChunks = Math.ceil(most / chunkGroups);
  const factors = { scratch: 'factors', bytes: 4 * most, element: 'f32' } as const;
  const partials = { scratch: 'partials', bytes: 4 * mostChunks * groups.size, element: 'f32' } as const;
  const weighted = weight !== undefined;
  const by = weighted ? ' * weight[c]' : '';
  const uniforms = words(groups, call.params.eps);
  const ofInputs: WebGpuDispatch = {
    code: loop(
      'params.rows * params.groups',
      `${squares('x[start + c]')}
var product = 0.0;
for (var c = 0; c < params.size; c++) { product += gradient[start + c] * x[start + c]${by}; }
let pull = product * factor * factor * factor / f32(params.size);
for (var c = 0; c < params.size; c++) {
  let at = start + c;
  dx[at] = gradient[at]${by} * factor - x[at] * pull${more === undefined ? '' : ' + more[at]'};
}${weighted ? '\nfactors[i] = factor;' : ''}`,
    ),
    bindings: {
      x: input(0),
      gradient: input(gradient),
      ...(weighted ? { weight: input(weight), factors } : {}),
      ...(more === undefined ? {} : { more: input(more) }),
      dx: output(0),
    },
    uniforms,
    workgroups: (value) => groupsOf(groups.count(value)),
  };
  if (!weighted) return [ofInputs];
  const chunks = `(params.rows * params.groups + ${chunkGroups - 1}) / ${chunkGroups}`;
  return [
    ofInputs,
    {
      code: loop(
        `(${chunks}) * params.size`,
        `let chunk = i / params.size;
let c = i % params.size;
let end = min((chunk + 1) * ${chunkGroups}, params.rows * params.groups);
var sum = 0.0;
for (var group = chunk * ${chunkGroups}; group < end; group++) {
  sum += gradient[group * params.size + c] * x[group * params.size + c] * factors[group];
}
partials[i] = sum;`,
      ),
      bindings: { x: input(0), gradient: input(gradient), factors, partials },
      uniforms,
      workgroups: (value) => groupsOf(Math.ceil(groups.count(value) / chunkGroups) * groups.size),
    },
    {
      code: loop(
        'params.size',
        `let chunks = ${chunks};
var sum = 0.0;
for (var chunk = 0; chunk < chunks; chunk++) { sum += partials[chunk * params.size + i]; }
dweight[i] = sum;`,
      ),
      bindings: { partials, dweight: output(1) },
      uniforms,
      workgroups: () => groupsOf(groups.size),
    },
  ];
}

const kernels = {
  rmsNorm: norm(true),
  rmsNormPlain: norm(false),
  rmsNormSwiglu: {
    abi: 1,
    kernel: rmsNormSwiglu.name,
    select: inputCount(2),
    dispatches(call, device) {
      const groups = groupsOfCall(call);
      const write = `let g = gate[at];
      ${sigmoid}
      y[at] = g * s * (element * factor);`;
      return [
        {
          code: normText(isWide(groups, device), 'x[at]', write),
          bindings: { gate: input(0), x: input(1), y: output(0) },
          uniforms: words(groups, call.params.eps),
          workgroups: normGroups(groups, device),
        },
      ];
    },
  } satisfies WebGpuKernel<RmsNormParams>,
  addRmsNorm: {
    abi: 1,
    kernel: addRmsNorm.name,
    select: inputCount(3),
    dispatches(call, device) {
      const groups = groupsOfCall(call);
      const write = 'sum[at] = element;\n  normed[at] = element * factor * weight[c];';
      return [
        {
          code: normText(isWide(groups, device), 'x[at] + delta[at]', write),
          bindings: { x: input(0), delta: input(1), weight: input(2), sum: output(0), normed: output(1) },
          uniforms: words(groups, call.params.eps),
          workgroups: normGroups(groups, device),
        },
      ];
    },
  } satisfies WebGpuKernel<RowParams & { readonly eps: number }>,
  rmsNormBackward: {
    abi: 1,
    kernel: rmsNormBackward.name,
    select: inputCount(3),
    dispatches: (call) => normBackward(call, { gradient: 1, weight: 2 }),
  } satisfies WebGpuKernel<RmsNormBackwardParams>,
  rmsNormBackwardPlain: {
    abi: 1,
    kernel: rmsNormBackward.name,
    select: inputCount(2),
    dispatches: (call) => normBackward(call, { gradient: 1 }),
  } satisfies WebGpuKernel<RmsNormBackwardParams>,
  addRmsNormBackward: {
    abi: 1,
    kernel: addRmsNormBackward.name,
    select: inputCount(3),
    dispatches: (call) => normBackward(call, { weight: 1, gradient: 2 }),
  } satisfies WebGpuKernel<RmsNormBackwardParams>,
  addRmsNormBackwardBoth: {
    abi: 1,
    kernel: addRmsNormBackward.name,
    select: inputCount(4),
    dispatches: (call) => normBackward(call, { weight: 1, gradient: 2, more: 3 }),
  } satisfies WebGpuKernel<RmsNormBackwardParams>,
};

export const normKernels: readonly AnyWebGpuKernel[] = Object.values(kernels);
