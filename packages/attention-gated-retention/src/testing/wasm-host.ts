/**
 * The smallest host of a WASM kernel (ABI version 1): lays a call out in a poisoned memory, runs its phases thread by thread
 * and checks that nothing but outputs, updated states and the workspace was written.
 */
import type { AnyKernel, AnyWasmKernel, NumberArray, Params, TensorType, Value, WasmWord } from '@yoco-u/spec';
import { byteLength } from '@yoco-u/tensor';

export interface WasmSettings {
  readonly variant: 'relaxed' | 'baseline';
  readonly threads: number;
}

export interface WasmCall {
  readonly kernel: AnyKernel;
  readonly wasm: AnyWasmKernel;
  readonly inputs: readonly { readonly type: TensorType; readonly data: NumberArray }[];
  readonly params: Params;
  /** Values of the scalars in `params`. */
  readonly values: Readonly<Record<string, number>>;
  /** What outputs hold before. */
  readonly before: number;
}

/** A call laid out in memory, to be run as often as wanted. */
export interface PlacedCall {
  run(): void;
  /** Float32 contents of output `index`. */
  output(index: number): Float32Array;
  /** Float32 contents of input `index`, for states. */
  input(index: number): Float32Array;
  /** Offsets of bytes that were changed and should not have been. */
  strayWrites(): number;
}

const poison = 0x7fc0_dead;
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

export async function placeCall(call: WasmCall, { variant, threads }: WasmSettings): Promise<PlacedCall> {
  const { kernel, wasm, inputs, params } = call;
  const inputTypes = inputs.map(({ type }) => type);
  const outputs = kernel.infer(inputTypes, params);
  const description = { kernel: kernel.name, inputs: inputTypes, outputs, params };
  const workspaceBytes = wasm.workspace?.(description, threads) ?? 0;
  let end = 64;
  const reserve = (bytes: number): number => {
    // a gap after everything, so that a write past an end is seen
    const address = end;
    end += align(bytes) + 64;
    return address;
  };
  const words = wasm.encode(description);
  const cells = reserve(4 * words.length);
  const block = reserve(4 * (4 + inputs.length + outputs.length + words.length));
  const inputAt = inputTypes.map((type) => reserve(byteLength(type)));
  const outputAt = outputs.map((type) => reserve(byteLength(type)));
  const workspace = reserve(workspaceBytes);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65536), maximum: 65536, shared: true });
  const ints = new Int32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  ints.fill(poison);
  const numberOf = (value: Value): number => (typeof value === 'number' ? value : call.values[value.scalar]!);
  const encoded = words.map((word: WasmWord, index) => {
    if (typeof word === 'number') return word;
    const [type, value] = 'f32' in word ? ['f32', word.f32] : [word.type, numberOf(word.cell)];
    const at = cells / 4 + index;
    if (type === 'f32') floats[at] = value as number;
    else ints[at] = value as number;
    return 'f32' in word ? ints[at]! : 4 * at;
  });
  ints.set([1, workspace, workspaceBytes, 0, ...inputAt, ...outputAt, ...encoded], block / 4);
  inputs.forEach(({ type, data }, index) => {
    (type.format.element === 'i32' ? ints : floats).set(data, inputAt[index]! / 4);
  });
  outputAt.forEach((at, index) => void floats.fill(call.before, at / 4, at / 4 + byteLength(outputs[index]!) / 4));
  const snapshot = ints.slice();

  const { instance } = await WebAssembly.instantiate((wasm.module[variant] ?? wasm.module.baseline)(), {
    env: { memory },
  });
  const phases = wasm.phases.map(
    (name) => instance.exports[name] as (args: number, thread: number, of: number) => void,
  );
  const view = (at: number, type: TensorType): Float32Array =>
    new Float32Array(memory.buffer, at, byteLength(type) / 4).slice();
  const writable = [
    ...outputAt.map((at, index) => [at, byteLength(outputs[index]!)] as const),
    ...(kernel.updates ?? []).map((index) => [inputAt[index]!, byteLength(inputTypes[index]!)] as const),
    [workspace, workspaceBytes] as const,
  ];
  return {
    run() {
      for (const phase of phases) for (let thread = 0; thread < threads; thread++) phase(block, thread, threads);
    },
    output: (index) => view(outputAt[index]!, outputs[index]!),
    input: (index) => view(inputAt[index]!, inputTypes[index]!),
    strayWrites() {
      const now = ints.slice();
      for (const [at, bytes] of writable) now.set(snapshot.subarray(at / 4, (at + bytes) / 4), at / 4);
      return now.reduce((count, word, index) => count + (word === snapshot[index] ? 0 : 1), 0);
    },
  };
}
