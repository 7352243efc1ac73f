/** The kernels that a backend knows, and what their own functions answer. */
import { type AnyWebGpuKernel, BackendError, type CallDescription, type WebGpuDevice } from '@yoco-u/spec';
import { byteLength, describeType } from '@yoco-u/tensor';

export interface KernelSet {
  /** True, or why no kernel takes the call. */
  supports(call: CallDescription): true | string;
  /** The first kernel that takes the call. Throws `BackendError` where none does. */
  resolve(call: CallDescription): AnyWebGpuKernel;
}

const missingFix =
  'pass its WebGPU kernel to the backend (webgpuKernels of the plug-ins of loadModelFrom and createBackend, kernels of createWebGpuBackend)';

/** For messages: `webgpu backend: attention.full`. */
export function whereOf({ kernel }: AnyWebGpuKernel): string {
  return `webgpu backend: ${kernel}`;
}

/** Runs a function of a kernel's descriptor; what it throws comes out as a `BackendError` that names the kernel. */
export function ask<T>(kernel: AnyWebGpuKernel, what: 'select' | 'dispatches' | 'workgroups', run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const facts = { where: `${whereOf(kernel)}: ${what}`, expected: 'an answer', got: String(cause) };
    throw new BackendError({ ...facts, fix: `correct '${what}' of the kernel` }, { cause });
  }
}

/** Kernels that come first are preferred. Throws `BackendError` for one of another ABI version. */
export function createKernelSet(kernels: readonly AnyWebGpuKernel[], device: WebGpuDevice): KernelSet {
  const byName = new Map<string, AnyWebGpuKernel[]>();
  for (const kernel of kernels) {
    const abi: unknown = kernel.abi;
    if (abi !== 1) {
      const fix = 'use releases of the kernel and of this backend that go together';
      throw new BackendError({ where: whereOf(kernel), expected: 'abi 1', got: String(abi), fix });
    }
    byName.set(kernel.kernel, [...(byName.get(kernel.kernel) ?? []), kernel]);
  }

  /** The kernel, or why each of the candidates refused. */
  const find = (call: CallDescription): AnyWebGpuKernel | readonly string[] => {
    const reasons: string[] = [];
    for (const candidate of byName.get(call.kernel) ?? []) {
      const answer = select(candidate, call, device);
      if (answer === true) return candidate;
      reasons.push(answer);
    }
    return reasons;
  };
  return {
    supports(call) {
      const found = find(call);
      if ('kernel' in found) return true;
      return found.length === 0 ? `no kernel '${call.kernel}'; ${missingFix}` : found.join('; ');
    },
    resolve(call) {
      const found = find(call);
      if ('kernel' in found) return found;
      const where = `webgpu backend: ${call.kernel}`;
      if (found.length === 0) {
        throw new BackendError({ where, expected: 'a kernel of this name', got: 'none', fix: missingFix });
      }
      const got = `${call.inputs.map(describeType).join(', ')}: ${found.join('; ')}`;
      throw new BackendError({ where, expected: 'a call that it can run', got });
    },
  };
}

function select(kernel: AnyWebGpuKernel, call: CallDescription, device: WebGpuDevice): true | string {
  const tooLarge = findTooLarge(kernel, call, device);
  if (tooLarge !== undefined) return tooLarge;
  const answer: unknown = ask(kernel, 'select', () =>
    kernel.select === undefined ? true : kernel.select(call, device),
  );
  if (answer === true || typeof answer === 'string') return answer;
  throw new BackendError({
    where: `${whereOf(kernel)}: select`,
    expected: 'true, or the reason against it as text',
    got: String(answer),
  });
}

/** Why a tensor cannot be bound at once, if there is one. */
function findTooLarge(
  { splits = [] }: AnyWebGpuKernel,
  { inputs, outputs }: CallDescription,
  { bindingBytes }: WebGpuDevice,
): string | undefined {
  const whole = [...inputs.filter((_, index) => !splits.includes(index)), ...outputs];
  const large = whole.find((type) => byteLength(type) > bindingBytes);
  if (large === undefined) return undefined;
  return `${describeType(large)} of ${byteLength(large)} bytes, where a binding may span ${bindingBytes}`;
}
