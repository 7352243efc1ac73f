/** Hand-assembled modules that keep or break the loader's rules. For tests only. */
import type { WasmModuleSource } from '@yoco-u/spec';

const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];
const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];
const kernelTypes = section(1, 2, 0x60, 3, 0x7f, 0x7f, 0x7f, 0, 0x60, 0, 0);
const end = 0x0b;
const i32Const = 0x41;

export interface ForeignModule {
  readonly imports?: readonly number[];
  /** Body of the one function `f(arguments, thread, threads)`. */
  readonly body?: readonly number[];
  readonly data?: boolean;
  readonly stackPointer?: boolean;
  /** Whether an instance runs `f`'s sibling, which does nothing, when it is made. */
  readonly start?: boolean;
}

/** `env.memory`, not shared, at least one page: what a C compiler emits without threads. */
export const memoryImport = [1, ...text('env'), ...text('memory'), 2, 0, 1];
export const otherImport = [2, ...memoryImport.slice(1), ...text('env'), ...text('exp'), 0, 0];

export function foreignModule(
  name: string,
  { imports, body = [], data, stackPointer, start }: ForeignModule,
): WasmModuleSource {
  const exported = [...text('f'), 0, 0];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...kernelTypes,
    ...section(2, ...(imports ?? memoryImport)),
    ...(start ? section(3, 2, 0, 1) : section(3, 1, 0)),
    ...(stackPointer ? section(6, 1, 0x7f, 1, i32Const, 0, end) : []),
    ...(stackPointer ? section(7, 2, ...exported, ...text('__stack_pointer'), 3, 0) : section(7, 1, ...exported)),
    ...(start ? section(8, 1) : []),
    ...section(10, start ? 2 : 1, body.length + 2, 0, ...body, end, ...(start ? [2, 0, end] : [])),
    ...(data ? section(11, 1, 0, i32Const, 0, end, 1, 7) : []),
  ];
  const build = () => Uint8Array.from(bytes);
  return { name, relaxed: build, baseline: build };
}

const localGet = 0x20;
const unreachable = 0x00;
const ifVoid = [0x04, 0x40];

/**
 * Waits until all threads are here, counted in the first output's word 3, so that each runs one share. Kernels must not do
 * this: it hangs where fewer threads run.
 */
export const meet: readonly number[] = [
  ...[localGet, 0, 0x28, 2, 16], // tensor address
  ...[i32Const, 1, 0xfe, 0x1e, 2, 12, 0x1a], // i32.atomic.rmw.add, drop
  ...[0x03, 0x40, localGet, 0, 0x28, 2, 16, 0xfe, 0x10, 2, 12], // loop: i32.atomic.load
  ...[localGet, 2, 0x48, 0x0d, 0, end], // i32.lt_s, br_if
];

/** Traps on thread `thread` of several. */
export const trapOn = (thread: number): number[] => [
  ...[localGet, 1, i32Const, thread, 0x46], // i32.eq
  ...[...ifVoid, unreachable, end],
];

/** Counts its calls in the first output's (tensor 0) word of the thread. */
export const countCalls: readonly number[] = [
  ...[localGet, 0, 0x28, 2, 16], // tensor address
  ...[localGet, 1, i32Const, 2, 0x74, 0x6a], // + thread · 4
  ...[i32Const, 1, 0xfe, 0x1e, 2, 0, 0x1a], // i32.atomic.rmw.add, drop
];

/** Stores the first input's word of the next thread, plus one, in the first output's word of the thread. */
export const relay: readonly number[] = [
  ...[localGet, 0, 0x28, 2, 20], // output address
  ...[localGet, 1, i32Const, 2, 0x74, 0x6a], // + thread · 4
  ...[localGet, 0, 0x28, 2, 16], // input address
  ...[localGet, 1, i32Const, 1, 0x6a, localGet, 2, 0x70], // (thread + 1) % threads
  ...[i32Const, 2, 0x74, 0x6a, 0x28, 2, 0],
  ...[i32Const, 1, 0x6a, 0x36, 2, 0],
];

/** Stores the stack pointer in the first output's (tensor 0) word of the thread. */
export const storeStackPointer: readonly number[] = [
  ...[localGet, 0, 0x28, 2, 16], // tensor address
  ...[localGet, 1, i32Const, 2, 0x74, 0x6a], // + thread · 4
  ...[0x23, 0, 0x36, 2, 0],
];
