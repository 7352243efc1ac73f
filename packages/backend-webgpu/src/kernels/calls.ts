/** What the kernels here share: formats, words, and loops over elements. */
import type { CallDescription, TensorType, Value, WebGpuBinding, WebGpuDispatch, WebGpuWord } from '@yoco-u/spec';

export type Call<P extends object> = CallDescription<P>;
export type ValueOf = (value: Value) => number;

/** Invocations of a workgroup of an elementwise kernel. */
const groupSize = 64;
/** So few rows are better computed one by one. */
export const fewRows = 3;
/** The factor `s` of a gate `g`: exp overflows far below -x = 88; clamped, the quotient is as good as 0 there. */
export const sigmoid = 'let s = 1 / (1 + exp(min(-g, 80.0)));';
/**
 * The rotation of components `a` and `b` of a head by an angle's `cosine` and `sine`. What is contracted is said: left to compilers it
 * would depend on what stands around it.
 */
export const rotated = { first: 'fma(a, cosine, -(b * sine))', second: 'fma(b, cosine, a * sine)' } as const;
/** Along an axis. */
export const mostWorkgroups = 65535;

export const input = (index: number): WebGpuBinding => ({ input: index });
export const output = (index: number): WebGpuBinding => ({ output: index });
export const i32 = (value: Value): WebGpuWord => ({ i32: value });
export const f32 = (value: Value): WebGpuWord => ({ f32: value });

/** Workgroups of `size` invocations, one for each of `count`, or as many as there may be. */
export function groupsOf(count: number, size = groupSize): readonly [number] {
  return [Math.min(mostWorkgroups, Math.ceil(count / size))];
}

/** Row-major inputs, but for those at `indices`, which are stored as `format`. */
export const storedAs =
  (format: string, ...indices: number[]) =>
  ({ inputs }: Call<object>): true | string => {
    const wrong = inputs.find(
      ({ format: { name, element } }, at) => name !== (indices.includes(at) ? format : element),
    );
    return wrong === undefined || `input ${inputs.indexOf(wrong)} stored as ${wrong.format.name}`;
  };
export const stored = (index: number, format: string) => storedAs(format, index);
export const rowMajor = storedAs('');

/** So many inputs, row-major. */
export const inputCount =
  (count: number) =>
  (call: Call<object>): true | string =>
    call.inputs.length === count ? rowMajor(call) : `${call.inputs.length} inputs`;

export const typeOf = <P extends object>(call: Call<P>, index: number): TensorType => call.inputs[index]!;

/** Lines of text, one for each of 0 to count - 1. */
export function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

/** A kernel of one invocation for each `i` below `limit` (an expression), or a few of them in turn. */
export function loop(limit: string, body: string): string {
  return `@compute @workgroup_size(${groupSize})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let limit = ${limit};
  for (var i = i32(id.x); i < limit; i += ${groupSize} * i32(groups.x)) {
${indent(body, 4)}
  }
}
`;
}

export function indent(text: string, spaces: number): string {
  const space = ' '.repeat(spaces);
  return text
    .split('\n')
    .map((line) => (line === '' ? line : space + line))
    .join('\n');
}

/** One dispatch over rows·width elements: `i` counts them. */
export function overElements(
  rows: Value,
  width: number,
  bindings: Readonly<Record<string, WebGpuBinding>>,
  body: string,
  uniforms: Readonly<Record<string, WebGpuWord>> = {},
  extensions: readonly string[] = [],
): readonly WebGpuDispatch[] {
  return [
    {
      extensions,
      code: loop('params.rows * params.width', body),
      bindings,
      uniforms: { rows: i32(rows), width: i32(width), ...uniforms },
      workgroups: (value) => groupsOf(value(rows) * width),
    },
  ];
}
