/** The output head's loss and its gradients, without the logits of all rows at once. */
import type {
  AnyWebGpuKernel,
  StorageFormat,
  WebGpuBinding,
  WebGpuDevice,
  WebGpuDispatch,
  WebGpuKernel,
} from '@yoco-u/spec';
import {
  f32 as f32Format,
  linearCrossEntropy,
  linearCrossEntropyAccumulate,
  linearCrossEntropyBackward,
  type RowParams,
  rowCount,
  rowsOf,
  width,
} from '@yoco-u/tensor';
import { type Call, groupsOf, i32, input, lines, loop, output, rowMajor, stored, typeOf } from './calls.ts';
import { productDispatches } from './linear.ts';
import { type PanelElements, panelFormats } from './panels.ts';

/** Classes whose largest logit and sum of exponentials are kept apart: panels of eight. */
const chunkPanels = 8;
const chunkClasses = 8 * chunkPanels;
/** Rows of an invocation: each weight is read once for all of them. */
const rowTile = 4;
/** What the gradients of a block's logits may take. */
const logitBytes = 16 * 2 ** 20;
const fewestBlockRows = 64;

/** A logit, the same bits as those of a product. */
const dot = (weight: string): string => `fn logit(row: i32, class_index: i32) -> f32 {
  var sum = 0.0;
  for (var k = 0; k < params.k; k++) { sum = fma(x[row * params.k + k], ${weight}, sum); }
  return sum;
}
`;
const rowPlace = 'weight[class_index * params.k + k]';
const panelPlace = 'f32(weight[((class_index / 8) * params.k + k) * 8 + class_index % 8])';

/** An invocation a tile of rows and a chunk of classes: the largest logit, Σ exp(logit − largest), the target's logit or 0. */
function chunkText(place: string): string {
  const eight = (values: (i: number) => string): string => lines(8, values);
  return `@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
let chunk = i32(id.x);
let first = i32(id.y) * ${rowTile};
if (chunk >= params.chunks || first >= params.rows) { return; }
${lines(rowTile, (r) => `let row${r} = min(first + ${r}, params.rows - 1);\nlet wanted${r} = targets[row${r}];\nvar state${r} = vec4f(-3e38, 0, 0, 0);`)}
let end = min((chunk + 1) * ${chunkClasses}, params.classes);
for (var panel = chunk * ${chunkClasses}; panel < end; panel += 8) {
${eight((i) => `let class${i} = min(panel + ${i}, params.classes - 1);`)}
${lines(rowTile, (r) => `var low${r} = vec4f();\nvar high${r} = vec4f();`)}
for (var k = 0; k < params.k; k++) {
let low = vec4f(${[0, 1, 2, 3].map((i) => place.replaceAll('class_index', `class${i}`)).join(', ')});
let high = vec4f(${[4, 5, 6, 7].map((i) => place.replaceAll('class_index', `class${i}`)).join(', ')});
${lines(rowTile, (r) => `{ let value = vec4f(x[row${r} * params.k + k]); low${r} = fma(value, low, low${r}); high${r} = fma(value, high, high${r}); }`)}
}
let used = end - panel;
${lines(rowTile, (r) => `state${r} = merge(state${r}, low${r}, high${r}, used, wanted${r} - panel);`)}
}
${lines(rowTile, (r) => `if (first + ${r} < params.rows) { partials[row${r} * params.chunks + chunk] = state${r}; }`)}
}

fn merge(state: vec4f, low: vec4f, high: vec4f, used: i32, wanted: i32) -> vec4f {
  var logits = array<f32, 8>(low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
  var largest = state.x;
  for (var i = 0; i < 8; i++) { if (i < used) { largest = max(largest, logits[i]); } }
  var sum = state.y * exp(max(state.x - largest, -100.0));
  var found = state.z;
  for (var i = 0; i < 8; i++) {
    if (i < used) { sum += exp(max(logits[i] - largest, -100.0)); }
    if (i == wanted && i < used) { found = logits[i]; }
  }
  return vec4f(largest, sum, found, 0);
}
`;
}

const mergeText = loop(
  'params.rows',
  `var largest = -3e38;
for (var chunk = 0; chunk < params.chunks; chunk++) { largest = max(largest, partials[i * params.chunks + chunk].x); }
var sum = 0.0;
var found = 0.0;
for (var chunk = 0; chunk < params.chunks; chunk++) {
  let state = partials[i * params.chunks + chunk];
  sum += state.y * exp(max(state.x - largest, -100.0));
  found += state.z;
}
losses[i] = select(largest + log(sum) - found, 0, targets[i] < 0);`,
);

function lossFrom(
  format: StorageFormat,
  place: string,
  { scalar, extensions }: Pick<PanelElements, 'scalar' | 'extensions'>,
): WebGpuKernel<RowParams> {
  return {
    abi: 1,
    kernel: linearCrossEntropy.name,
    select: stored(1, format.name),
    dispatches({ inputs: [x, weight], params }) {
      const rows = rowsOf(params, x!);
      const classes = rowCount(weight!);
      const chunks = Math.ceil(classes / chunkClasses);
      const partials = { scratch: 'partials', bytes: 16 * rowCount(x!) * chunks, element: 'vec4f' } as const;
      return [
        {
          code: chunkText(place),
          extensions,
          bindings: { x: input(0), weight: { input: 1, element: scalar }, targets: input(2), partials },
          uniforms: { rows: i32(rows), classes: i32(classes), k: i32(width(x!)), chunks: i32(chunks) },
          workgroups: (value) => [Math.ceil(chunks / 8), Math.ceil(value(rows) / rowTile)],
        },
        {
          code: mergeText,
          bindings: { targets: input(2), partials, losses: output(0) },
          uniforms: { rows: i32(rows), chunks: i32(chunks) },
          workgroups: (value) => groupsOf(value(rows)),
        },
      ];
    },
  };
}

/**
 * Blocks of rows, three steps each: gradients of the logits, from them dx, and dweight, which the first block sets (or adds to,
 * for an accumulator) and the others add to.
 */
function gradients(
  call: Call<RowParams>,
  device: WebGpuDevice,
  dweight: WebGpuBinding,
  isSum: boolean,
): readonly WebGpuDispatch[] {
  const [x, weight] = [typeOf(call, 0), typeOf(call, 1)];
  const rows = rowsOf(call.params, x);
  const most = rowCount(x);
  const classes = rowCount(weight);
  const k = width(x);
  const block = Math.min(most, Math.max(fewestBlockRows, Math.floor(logitBytes / (4 * classes) / 8) * 8));
  const sums = { scratch: 'sums', bytes: 4 * most, element: 'f32' } as const;
  const dlogits = { scratch: 'dlogits', bytes: 4 * block * classes, element: 'f32' } as const;
  const ofTargets: WebGpuDispatch = {
    code: `${dot(rowPlace)}
${loop('params.rows', 'sums[i] = losses[i] + logit(i, max(targets[i], 0));')}`,
    bindings: { x: input(0), weight: input(1), targets: input(2), losses: input(3), sums },
    uniforms: { rows: i32(rows), k: i32(k) },
    workgroups: (value) => groupsOf(value(rows)),
  };
  const blocks = Array.from({ length: Math.ceil(most / block) }, (_, index) => {
    const first = index * block;
    const rowsIn = (value: (of: typeof rows) => number): number => Math.max(0, Math.min(value(rows) - first, block));
    const uniforms = { rows: i32(rows), first: i32(first), block: i32(block), classes: i32(classes), k: i32(k) };
    const count = 'clamp(params.rows - params.first, 0, params.block)';
    const common = { uniforms, m: rows, mostRows: most, rows: rowsIn };
    return [
      ...productDispatches(
        {
          ...common,
          product: {
            a: 'rows',
            b: 'rows',
            offsets: { a: 'params.first', c: 'params.first' },
            extents: `let M = ${count};\nlet N = params.classes;\nlet K = params.k;`,
            store: `let wanted = targets[row];
  let p = exp(clamp(value - sums[row], -100.0, 80.0));
  c[m * N + n] = select(gradient[row] * (p - select(0.0, 1.0, n == wanted)), 0, wanted < 0);`,
          },
          bindings: { a: input(0), b: input(1), targets: input(2), gradient: input(4), sums, c: dlogits },
          n: classes,
        },
        device,
      ),
      ...productDispatches(
        {
          ...common,
          product: {
            a: 'rows',
            b: 'columns',
            offsets: { c: 'params.first' },
            extents: `let M = ${count};\nlet N = params.k;\nlet K = params.classes;`,
            store: 'c[row * N + n] = value;',
          },
          bindings: { a: dlogits, b: input(1), c: output(0) },
          n: k,
        },
        device,
      ),
      ...productDispatches(
        {
          product: {
            a: 'columns',
            b: 'columns',
            offsets: { b: 'params.first * params.k' },
            extents: `let M = params.classes;\nlet N = params.k;\nlet K = ${count};`,
            store: index === 0 && !isSum ? 'c[row * N + n] = value;' : 'c[row * N + n] += value;',
          },
          bindings: { a: dlogits, b: input(0), c: dweight },
          uniforms,
          m: classes,
          mostRows: classes,
          // a first block of no rows still sets zeros
          rows: (value) => (index === 0 || rowsIn(value) > 0 ? classes : 0),
          n: k,
        },
        device,
      ),
    ];
  });
  return [ofTargets, ...blocks.flat()];
}

const kernels = {
  linearCrossEntropy: lossFrom(f32Format, rowPlace, { scalar: 'f32', extensions: [] }),
  linearCrossEntropyBackward: {
    abi: 1,
    kernel: linearCrossEntropyBackward.name,
    select: rowMajor,
    dispatches: (call, device) => gradients(call, device, output(1), false),
  } satisfies WebGpuKernel<RowParams>,
  linearCrossEntropyAccumulate: {
    abi: 1,
    kernel: linearCrossEntropyAccumulate.name,
    select: rowMajor,
    dispatches: (call, device) => gradients(call, device, input(5), true),
  } satisfies WebGpuKernel<RowParams>,
};

export const crossEntropyKernels: readonly AnyWebGpuKernel[] = [
  ...panelFormats.map((elements) => lossFrom(elements.format, panelPlace, elements)),
  ...Object.values(kernels),
];
