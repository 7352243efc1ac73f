/** The dispatches of attention: rows at once; or, of few rows, splits of their keys and then the merging of these. */
import type { CallDescription, Value, WebGpuBinding, WebGpuDevice, WebGpuDispatch, WebGpuWord } from '@yoco-u/spec';
import type { SegmentParams, SoftmaxParams } from '../kernels/index.ts';
import type { BlockAxes } from '../layout.ts';
import { type AttendMemory, attendRowsText, attendSplitsText, mergeSplitsText } from './attend.wgsl.ts';
import { attendSplitsTogetherText, togetherSize } from './attend-together.wgsl.ts';
import { flatShape, type HeadShape, headShape } from './wgsl.ts';

export type Uniforms = Readonly<Record<string, WebGpuWord>>;
export type ValueOf = (of: Value) => number;

/** Up to this many rows a run splits its keys over invocations: there are too few rows to fill a device. */
export const fewRows = 16;
/** Most splits of a sequence's keys, and least positions of one. */
const mostSplits = 64;
const leastSplit = 64;
const rowsAtOnce = 64;

export const int = (value: Value): WebGpuWord => ({ i32: value });
export const groups = (count: number, size: number): number => Math.ceil(count / size);

/** Uniforms of every text with segments. */
export function runWords({ segmentCount, rows }: SegmentParams): Uniforms {
  return { rows: int(rows), segment_count: int(segmentCount) };
}

export interface AttendLayout {
  readonly memory: AttendMemory;
  /** Heads of the memories. */
  readonly axes: Pick<BlockAxes, 'heads' | 'headDim'>;
  /** The segments, and what is read beside q; elements default to those that heads are taken in. */
  readonly segments: WebGpuBinding;
  readonly bindings: Readonly<Record<string, { readonly input: number; readonly element?: 'f32' | 'i32' }>>;
  /** Uniforms of the memories. */
  readonly words: Uniforms;
  /** Positions that a row may see; undefined where runs are never split. */
  readonly positions: number | undefined;
}

/** How a call is divided. */
function divide({ inputs: [q], params }: CallDescription<SoftmaxParams>, layout: AttendLayout) {
  const { heads: keyValueHeads, headDim } = layout.axes;
  const shape = headShape(headDim);
  const heads = q!.shape[1]! / headDim;
  const uniforms: Uniforms = {
    ...runWords(params),
    key_value_heads: int(keyValueHeads),
    group: int(heads / keyValueHeads),
    window: int(params.window ?? 0),
    scale: { f32: 1 / Math.sqrt(headDim) },
    ...layout.words,
  };
  const memoriesIn = (elements: HeadShape['element']): Readonly<Record<string, WebGpuBinding>> =>
    Object.fromEntries(
      Object.entries(layout.bindings).map(([name, { input, element = elements }]) => [name, { input, element }]),
    );
  const seen = Math.min(layout.positions ?? 0, params.window ?? Number.POSITIVE_INFINITY);
  const splitLength = leastSplit * Math.max(1, Math.ceil(seen / (leastSplit * mostSplits)));
  // a window may begin anywhere in a split
  const splits = Math.ceil(seen / splitLength) + 1;
  const out: WebGpuBinding = { output: 0, element: shape.element };
  return { shape, heads, uniforms, memoriesIn, splitLength, splits, out };
}

/** What the merging of splits does besides. */
export interface MergeTask {
  /** Functions, and statements for every `n` of a `head` of a `row`. */
  readonly functions: string;
  readonly body: string;
  readonly bindings: Readonly<Record<string, WebGpuBinding>>;
}

/** Whether a workgroup does a split together: where barriers are cheap, and it has room for the scores. */
function areTogether(headDim: number, splitLength: number, { tiles, workgroupSize, workgroupBytes }: WebGpuDevice) {
  return tiles === 'workgroup' && togetherSize(headDim) <= workgroupSize && 4 * splitLength <= workgroupBytes;
}

/** Splits of the keys, and their merging, for runs of at most `fewRows` rows. */
export function attendSplits(
  call: CallDescription<SoftmaxParams>,
  layout: AttendLayout,
  device: WebGpuDevice,
  task?: MergeTask,
): readonly [split: WebGpuDispatch, merge: WebGpuDispatch] {
  const { shape, heads, uniforms, memoriesIn, splitLength, splits, out } = divide(call, layout);
  const { segments, memory } = layout;
  const { headDim } = shape;
  const { rows } = call.params;
  const partials = Math.min(call.inputs[0]!.shape[0]!, fewRows) * heads * splits;
  const partialIn = (element: HeadShape['element']) =>
    ({
      partial: { scratch: 'partial', bytes: 4 * partials * headDim, element },
      partial_statistics: { scratch: 'partial_statistics', bytes: 8 * partials, element: 'vec2f' },
    }) as const;
  const words = { ...uniforms, splits: int(splits) };
  const isTogether = areTogether(headDim, splitLength, device);
  const { element } = isTogether ? flatShape(headDim) : shape;
  return [
    {
      code: isTogether
        ? attendSplitsTogetherText(memory, headDim, splitLength)
        : attendSplitsText(memory, shape, splitLength),
      bindings: { q: { input: 0 }, segments, ...memoriesIn(element), ...partialIn(element) },
      uniforms: words,
      workgroups: (value) => [isTogether ? splits : groups(splits, 16), heads, value(rows)],
    },
    {
      code: mergeSplitsText(memory, shape, splitLength, task),
      bindings: { segments, ...partialIn(shape.element), out, ...task?.bindings },
      uniforms: words,
      workgroups: (value) => [groups(shape.elements, 16), heads, value(rows)],
    },
  ];
}

/** All dispatches of a call: in each run those for its number of rows have work. */
export function attend(
  call: CallDescription<SoftmaxParams>,
  layout: AttendLayout,
  device: WebGpuDevice,
  statistics: boolean,
): readonly WebGpuDispatch[] {
  const { shape, heads, uniforms, memoriesIn, splitLength, out } = divide(call, layout);
  const { rows } = call.params;
  const isFew = (value: ValueOf): boolean => layout.positions !== undefined && value(rows) <= fewRows;
  const whole: WebGpuDispatch = {
    code: attendRowsText(layout.memory, shape, splitLength, statistics),
    bindings: {
      q: { input: 0 },
      segments: layout.segments,
      ...memoriesIn(shape.element),
      out,
      ...(statistics ? { statistics: { output: 1, element: 'vec2f' } as const } : {}),
    },
    uniforms,
    workgroups: (value) => (isFew(value) ? [0] : [groups(value(rows), rowsAtOnce), heads]),
  };
  if (layout.positions === undefined) return [whole];
  const forFew = (dispatch: WebGpuDispatch): WebGpuDispatch => ({
    ...dispatch,
    workgroups: (value) => (isFew(value) ? dispatch.workgroups(value) : [0]),
  });
  return [whole, ...attendSplits(call, layout, device).map(forFew)];
}
