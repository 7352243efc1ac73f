/** A program as the words that the interpreter and the kernels read, with places to fill in once addresses are known. */
import { type AnyWasmKernel, BackendError, type CallDescription, type Program, type Value } from '@yoco-u/spec';
import { describeCall, expandProgram, isScalar, type LimitedScalar } from '@yoco-u/tensor';
import { abiVersion, ask, type KernelSet, whereOf } from './kernel-set.ts';
import { bitsOf, checkWords } from './words.ts';

const wordBytes = 4;
const entryWords = 4;
const lineWords = 16;

/** A word whose value is an address known only when binding. */
export interface Relocation {
  /** Index of the word in the image. */
  readonly word: number;
  readonly base: 'block' | 'workspace' | 'tensor';
  /** Bytes from the base; for a tensor its id. */
  readonly value: number;
}

export interface EncodedProgram {
  /** What is encoded: the program given, fused calls without a kernel here in their parts, scalars limited by what kernels say. */
  readonly program: Program;
  /** The scalar block, constant cells, the list and the argument blocks, addresses left 0. */
  readonly image: Int32Array;
  readonly relocations: readonly Relocation[];
  /** Bytes from the start of the block. */
  readonly listOffset: number;
  readonly entries: number;
  /** For messages: what each entry runs. */
  readonly titles: readonly string[];
  readonly workspaceBytes: number;
}

export function encodeProgram(
  given: Program,
  kernels: Pick<KernelSet, 'supports' | 'resolve'>,
  threads: number,
): EncodedProgram {
  const program = expandProgram(given, (call) => kernels.supports(call) === true);
  const words: number[] = new Array(padded(program.scalars.length)).fill(0);
  const relocations: Relocation[] = [];
  const constants = new Map<string, number>();
  /** The largest values that scalars may have, by index, where a kernel says so. */
  const limits: number[] = [];
  const relocate = (base: Relocation['base'], value: number): void => {
    relocations.push({ word: words.length, base, value });
    words.push(0);
  };
  const resolved = program.calls.map((recorded) => {
    const call = describeCall(program, recorded);
    const kernel = kernels.resolve(call);
    const { descriptor } = kernel;
    const serial = threads === 1 || ask(descriptor, 'serial', () => descriptor.serial?.(call) ?? false);
    const encoded = checkWords(
      call.kernel,
      ask(descriptor, 'encode', () => descriptor.encode(call)),
    );
    for (const word of encoded) {
      if (typeof word !== 'object' || !('cell' in word)) continue;
      const { most = Number.POSITIVE_INFINITY } = word;
      if (isScalar(word.cell)) {
        limits[word.cell.index] = Math.min(limits[word.cell.index] ?? Number.POSITIVE_INFINITY, most);
        continue;
      }
      if (word.cell > most) {
        const fix = 'ask for no more rows than the tensors have';
        throw new BackendError({ where: whereOf(descriptor), expected: `at most ${most}`, got: `${word.cell}`, fix });
      }
      const bits = bitsOf(word.cell, word.type);
      const key = String(bits);
      if (!constants.has(key)) constants.set(key, words.push(bits) - 1);
    }
    const workspaceBytes = workspaceOf(descriptor, call, threads);
    return { ...kernel, encoded, serial, workspaceBytes };
  });
  const workspaceBytes = resolved.reduce((most, call) => Math.max(most, call.workspaceBytes), 0);

  const cellOf = (value: Value, type: 'i32' | 'f32', where: string): number => {
    if (!isScalar(value)) return constants.get(String(bitsOf(value, type)))!;
    if (value.type === type) return value.index;
    const got = `scalar '${value.scalar}' of ${value.type}`;
    throw new BackendError({ where, expected: `a scalar of ${type}`, got, fix: 'declare it with the other type' });
  };
  const argumentsAt: number[] = [];
  program.calls.forEach((call, index) => {
    const { encoded, workspaceBytes: bytes } = resolved[index]!;
    pad(words);
    argumentsAt.push(words.length * wordBytes);
    words.push(abiVersion);
    relocate('workspace', 0);
    words.push(bytes);
    relocate('block', 0);
    for (const id of [...call.inputs, ...call.outputs]) relocate('tensor', id);
    for (const word of encoded) {
      if (typeof word === 'number') words.push(word);
      else if ('f32' in word) words.push(bitsOf(word.f32, 'f32'));
      else relocate('block', cellOf(word.cell, word.type, call.kernel) * wordBytes);
    }
  });
  pad(words);
  const listOffset = words.length * wordBytes;
  const titles: string[] = [];
  resolved.forEach(({ descriptor, functions, serial }, index) => {
    functions.forEach((target, phase) => {
      words.push(target);
      relocate('block', argumentsAt[index]!);
      words.push(0, serial ? 1 : 0);
      const { kernel, module, phases } = descriptor;
      titles.push(`call ${index} (${kernel}), module '${module.name}', phase '${phases[phase]}'`);
    });
  });
  const entries = (words.length - listOffset / wordBytes) / entryWords;
  const scalars = program.scalars.map((scalar, index): LimitedScalar => {
    const most = limits[index];
    return most === undefined || most === Number.POSITIVE_INFINITY ? scalar : { ...scalar, most };
  });
  return {
    program: { ...program, scalars },
    image: Int32Array.from(words),
    relocations,
    listOffset,
    entries,
    titles,
    workspaceBytes,
  };
}

/** Throws `BackendError` unless the kernel wants a whole number of bytes. */
function workspaceOf(descriptor: AnyWasmKernel, call: CallDescription, threads: number): number {
  if (descriptor.workspace === undefined) return 0;
  const bytes: unknown = ask(descriptor, 'workspace', () => descriptor.workspace!(call, threads));
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  const facts = { where: `${whereOf(descriptor)}: workspace`, expected: 'an integer >= 0', got: String(bytes) };
  throw new BackendError({ ...facts, fix: 'count in whole bytes' });
}

function padded(count: number): number {
  return Math.ceil(count / lineWords) * lineWords;
}

function pad(words: number[]): void {
  while (words.length % lineWords !== 0) words.push(0);
}
