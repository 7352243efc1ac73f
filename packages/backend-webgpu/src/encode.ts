/** A program as a list of dispatches: shaders, what they bind, and one block of uniforms in slots. */
import {
  type AnyWebGpuKernel,
  BackendError,
  type CallDescription,
  type Program,
  type TensorType,
  type Value,
  type WebGpuBinding,
  type WebGpuDevice,
  type WebGpuDispatch,
} from '@yoco-u/spec';
import { byteLength, describeCall, expandProgram, isScalar } from '@yoco-u/tensor';
import { ask, type KernelSet, whereOf } from './kernel-set.ts';
import type { ShaderText } from './pipelines.ts';

/** Every device has as many. */
const mostBindings = 8;

/** What a binding of a dispatch is bound to. */
export type Bound =
  | { readonly tensor: number; readonly range?: ByteRange | undefined }
  | { readonly call: number; readonly area: number };

export interface ByteRange {
  readonly offset: number;
  readonly bytes: number;
}

export interface EncodedDispatch {
  readonly kernel: AnyWebGpuKernel;
  readonly call: number;
  readonly shader: ShaderText;
  readonly bound: readonly Bound[];
  /** Words of its uniforms, and the slot that they are in; undefined where it has none. */
  readonly uniforms: { readonly slot: number; readonly words: number } | undefined;
  readonly workgroups: WebGpuDispatch['workgroups'];
}

export interface EncodedProgram {
  /** What is encoded: the program given, fused calls without a kernel here in their parts. */
  readonly program: Program;
  readonly dispatches: readonly EncodedDispatch[];
  /** Bytes of the scratch areas of every call. */
  readonly scratch: readonly (readonly number[])[];
  /** The words of each slot. Dispatches of equal words share one. */
  readonly slots: readonly (readonly UniformWord[])[];
}

export interface UniformWord {
  readonly type: 'i32' | 'f32';
  readonly value: Value;
}

/** Asks every call's kernel for its dispatches. Throws `BackendError` for what is not as `WebGpuDispatch` says. */
export function encodeProgram(given: Program, kernels: KernelSet, device: WebGpuDevice): EncodedProgram {
  const program = expandProgram(given, (call) => kernels.supports(call) === true);
  const slots = new Map<string, { readonly index: number; readonly words: readonly UniformWord[] }>();
  const scratch: (readonly number[])[] = [];
  const dispatches = program.calls.flatMap((recorded, index) => {
    const { inputs, outputs, updates } = recorded;
    const call = describeCall(program, recorded);
    const kernel = kernels.resolve(call);
    const listed = ask(kernel, 'dispatches', () => kernel.dispatches(call, device));
    const areas = new Map<string, number>();
    const encoded = listed.map((dispatch): EncodedDispatch => {
      checkDispatch(kernel, dispatch, call, device);
      const words = wordsOf(kernel, dispatch);
      const bound = Object.values(dispatch.bindings).map((binding): Bound => {
        if ('input' in binding) return { tensor: inputs[binding.input]!, range: binding.range };
        if ('output' in binding) return { tensor: outputs[binding.output]! };
        areas.set(binding.scratch, Math.max(areas.get(binding.scratch) ?? 0, binding.bytes));
        return { call: index, area: [...areas.keys()].indexOf(binding.scratch) };
      });
      return {
        kernel,
        call: index,
        shader: shaderOf(kernel, dispatch, call, updates),
        bound,
        uniforms: words.length === 0 ? undefined : { slot: slotOf(slots, words), words: words.length },
        workgroups: (value) => dispatch.workgroups(value),
      };
    });
    scratch.push([...areas.values()]);
    return encoded;
  });
  return { program, dispatches, scratch, slots: [...slots.values()].map(({ words }) => words) };
}

function slotOf(
  slots: Map<string, { readonly index: number; readonly words: readonly UniformWord[] }>,
  words: readonly UniformWord[],
): number {
  const key = words
    .map(
      ({ type, value }) => `${type} ${isScalar(value) ? `scalar ${value.index}` : Object.is(value, -0) ? '-0' : value}`,
    )
    .join(', ');
  const known = slots.get(key);
  if (known !== undefined) return known.index;
  const index = slots.size;
  slots.set(key, { index, words });
  return index;
}

function wordsOf(kernel: AnyWebGpuKernel, { uniforms = {} }: WebGpuDispatch): readonly UniformWord[] {
  return Object.entries(uniforms).map(([name, word]) => {
    const type = 'i32' in word ? 'i32' : 'f32';
    const value: unknown = 'i32' in word ? word.i32 : word.f32;
    const where = `${whereOf(kernel)}: uniform '${name}'`;
    if (typeof value === 'number') {
      if (type === 'f32' ? !Number.isNaN(value) : Number.isInteger(value)) return { type, value };
    } else if (typeof value === 'object' && value !== null && isScalar(value as Value)) {
      const scalar = value as Exclude<Value, number>;
      if (scalar.type === type) return { type, value: scalar };
      const got = `scalar '${scalar.scalar}' of ${scalar.type}`;
      throw new BackendError({ where, expected: `a scalar of ${type}`, got, fix: 'declare it with the other type' });
    }
    throw new BackendError({ where, expected: `{ ${type}: a number or a scalar }`, got: String(value) });
  });
}

function shaderOf(
  kernel: AnyWebGpuKernel,
  { code, extensions = [], bindings, uniforms = {} }: WebGpuDispatch,
  call: CallDescription,
  updates: readonly number[],
): ShaderText {
  const elementOf = (binding: WebGpuBinding) => {
    if (binding.element !== undefined) return binding.element;
    const type =
      'input' in binding ? call.inputs[binding.input]! : call.outputs[(binding as { output: number }).output]!;
    return type.format.element;
  };
  return {
    title: whereOf(kernel),
    code,
    extensions,
    uniforms: Object.fromEntries(Object.entries(uniforms).map(([name, word]) => [name, 'i32' in word ? 'i32' : 'f32'])),
    bindings: Object.fromEntries(
      Object.entries(bindings).map(([name, binding]) => [
        name,
        {
          element: elementOf(binding),
          access: 'input' in binding && !updates.includes(binding.input) ? 'read' : 'read_write',
        },
      ]),
    ),
  };
}

function checkDispatch(
  kernel: AnyWebGpuKernel,
  { bindings, extensions = [] }: WebGpuDispatch,
  call: CallDescription,
  device: WebGpuDevice,
): void {
  const where = whereOf(kernel);
  const entries = Object.entries(bindings);
  if (entries.length > mostBindings) {
    throw new BackendError({
      where,
      expected: `at most ${mostBindings} bindings a dispatch`,
      got: `${entries.length}`,
    });
  }
  for (const [name, binding] of entries) {
    const problem =
      'input' in binding
        ? call.inputs[binding.input] === undefined
          ? `input ${binding.input} of ${call.inputs.length}`
          : binding.range !== undefined && problemOf(binding.range, call.inputs[binding.input]!, device)
        : 'output' in binding
          ? call.outputs[binding.output] === undefined && `output ${binding.output} of ${call.outputs.length}`
          : !(Number.isSafeInteger(binding.bytes) && binding.bytes > 0) && `${binding.bytes} bytes of scratch`;
    if (problem === false) continue;
    const expected = `an input or output of the call, a range of an input of at most ${device.bindingBytes} bytes, or bytes > 0`;
    throw new BackendError({ where: `${where}: binding '${name}'`, expected, got: problem });
  }
  for (const extension of extensions) {
    if (device.extensions.includes(extension)) continue;
    const expected = `extensions of this device (${device.extensions.join(', ') || 'none'})`;
    throw new BackendError({ where, expected, got: `'${extension}'`, fix: "refuse the call in 'select'" });
  }
}

/** Every device can bind at multiples of so many bytes. */
const rangeAlignment = 256;

function problemOf({ offset, bytes }: ByteRange, type: TensorType, { bindingBytes }: WebGpuDevice): string | false {
  const isWithin = offset >= 0 && bytes > 0 && offset + bytes <= byteLength(type) && bytes <= bindingBytes;
  if (isWithin && Number.isInteger(bytes) && offset % rangeAlignment === 0) return false;
  return `${bytes} bytes from byte ${offset} on, of ${byteLength(type)}`;
}
