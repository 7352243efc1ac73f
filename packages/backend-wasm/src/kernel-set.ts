/** The kernels that a backend knows, and what their own functions answer. */
import { type AnyWasmKernel, BackendError, type CallDescription } from '@yoco-u/spec';
import { describeType } from '@yoco-u/tensor';
import type { LoadedModule } from './loader.ts';

/** ABI version in the first word of every argument block. */
export const abiVersion = 1;

/** A kernel as the backend holds it: its phases' function indices. */
export interface ResolvedKernel {
  readonly descriptor: AnyWasmKernel;
  readonly functions: readonly number[];
}

export interface KernelSet {
  /** Every module with the exports that lists may call, in order of their function indices. */
  readonly modules: readonly { readonly loaded: LoadedModule; readonly exports: readonly string[] }[];
  /** True, or why no kernel takes the call. */
  supports(call: CallDescription): true | string;
  /** The first kernel that takes the call. Throws `BackendError` where none does. */
  resolve(call: CallDescription): ResolvedKernel;
}

const missingFix =
  'pass its WASM kernel to the backend (wasmKernels of the plug-ins of loadModelFrom and createBackend, kernels of createWasmBackend)';

/** For messages: `wasm backend: attention.full (module 'attention')`. */
export function whereOf({ kernel, module }: AnyWasmKernel): string {
  return `wasm backend: ${kernel} (module '${module.name}')`;
}

/** Runs a function of a kernel's descriptor; what it throws comes out as a `BackendError` that names kernel and module. */
export function ask<T>(descriptor: AnyWasmKernel, what: 'select' | 'encode' | 'workspace' | 'serial', run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const facts = { where: `${whereOf(descriptor)}: ${what}`, expected: 'an answer', got: String(cause) };
    throw new BackendError({ ...facts, fix: `correct '${what}' of the kernel` }, { cause });
  }
}

/** Compiles every module once and numbers the phases of all kernels through. Kernels that come first are preferred. */
export async function loadKernels(
  descriptors: readonly AnyWasmKernel[],
  load: (source: AnyWasmKernel['module'], exports: readonly string[]) => Promise<LoadedModule>,
): Promise<KernelSet> {
  descriptors.forEach(checkDescriptor);
  const exportsOf = new Map<AnyWasmKernel['module'], string[]>();
  for (const { module, phases } of descriptors) {
    const names = exportsOf.get(module) ?? [];
    exportsOf.set(module, names);
    for (const phase of phases) if (!names.includes(phase)) names.push(phase);
  }
  const modules = await Promise.all(
    [...exportsOf].map(async ([source, exports]) => ({ loaded: await load(source, exports), exports })),
  );
  const firstOf = new Map<AnyWasmKernel['module'], number>();
  let count = 0;
  for (const [source, exports] of exportsOf) {
    firstOf.set(source, count);
    count += exports.length;
  }
  const byName = new Map<string, ResolvedKernel[]>();
  for (const descriptor of descriptors) {
    const { kernel, module, phases } = descriptor;
    const functions = phases.map((phase) => firstOf.get(module)! + exportsOf.get(module)!.indexOf(phase));
    byName.set(kernel, [...(byName.get(kernel) ?? []), { descriptor, functions }]);
  }

  /** The kernel, or why each of the candidates refused. */
  const find = (call: CallDescription): ResolvedKernel | readonly string[] => {
    const reasons: string[] = [];
    for (const candidate of byName.get(call.kernel) ?? []) {
      const answer = select(candidate.descriptor, call);
      if (answer === true) return candidate;
      reasons.push(answer);
    }
    return reasons;
  };
  return {
    modules,
    supports(call) {
      const found = find(call);
      if ('descriptor' in found) return true;
      return found.length === 0 ? `no kernel '${call.kernel}'; ${missingFix}` : found.join('; ');
    },
    resolve(call) {
      const found = find(call);
      if ('descriptor' in found) return found;
      const where = `wasm backend: ${call.kernel}`;
      if (found.length === 0) {
        throw new BackendError({ where, expected: 'a kernel of this name', got: 'none', fix: missingFix });
      }
      const got = `${call.inputs.map(describeType).join(', ')}: ${found.join('; ')}`;
      throw new BackendError({ where, expected: 'a call that it can run', got });
    },
  };
}

function select(descriptor: AnyWasmKernel, call: CallDescription): true | string {
  const answer: unknown = ask(descriptor, 'select', () =>
    descriptor.select === undefined ? true : descriptor.select(call),
  );
  if (answer === true || typeof answer === 'string') return answer;
  throw new BackendError({
    where: `${whereOf(descriptor)}: select`,
    expected: 'true, or the reason against it as text',
    got: String(answer),
  });
}

function checkDescriptor(descriptor: AnyWasmKernel): void {
  const abi: unknown = descriptor.abi;
  if (abi !== abiVersion) {
    throw new BackendError({
      where: whereOf(descriptor),
      expected: `abi ${abiVersion}`,
      got: String(abi),
      fix: 'use releases of the kernel and of this backend that go together',
    });
  }
  if (descriptor.phases.length === 0) {
    throw new BackendError({ where: whereOf(descriptor), expected: 'at least one phase', got: 'none' });
  }
}
