/** Every backend that there is, in every setting that must not matter. */
import { createWasmBackend } from '@yoco-u/backend-wasm';
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import type { BackendChoice } from '@yoco-u/conformance';
import type { AnyKernel, AnyWasmKernel, AnyWebGpuKernel, Backend } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';

/** The kernels that a test needs besides the base kernels, for each kind of backend. */
export interface ExtraKernels {
  readonly reference?: readonly AnyKernel[];
  readonly wasm?: readonly AnyWasmKernel[];
  readonly webgpu?: readonly AnyWebGpuKernel[];
}

const wasmSettings = [
  { simd: 'relaxed', threads: 1 },
  { simd: 'relaxed', threads: 2 },
  { simd: 'baseline', threads: 1 },
  { simd: 'baseline', threads: 2 },
] as const;

export function referenceBackends({ reference: kernels = [] }: ExtraKernels = {}): readonly BackendChoice[] {
  return ([64, 32] as const).map((precision) => ({
    name: `reference, float${precision}`,
    create: () => createReferenceBackend({ precision, kernels }),
  }));
}

/** Devices: what the definition is compared with. */
export function deviceBackends({ wasm: kernels = [] }: ExtraKernels = {}): readonly BackendChoice[] {
  return wasmSettings.map(({ simd, threads }) => ({
    name: `wasm, ${simd} SIMD, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    create: () => createWasmBackend({ kernels, simd, threads }),
  }));
}

/**
 * For the project `gpu`, whose tests need a device. The suites of a file share one backend of each variant, so that shaders, which
 * take a software adapter longer to compile than to run, are compiled once.
 */
export function webGpuBackends(
  { webgpu: kernels = [] }: ExtraKernels = {},
  variants: readonly ('registers' | 'workgroup' | 'subgroups')[] = ['registers'],
): readonly BackendChoice[] {
  return variants.map((variant) => {
    let shared: Promise<Backend> | undefined;
    return {
      name: `webgpu, ${variant}`,
      async create() {
        shared ??= createWebGpuBackend({ kernels, variant });
        return { ...(await shared), [Symbol.asyncDispose]: () => Promise.resolve() };
      },
    };
  });
}

/** Whether the adapter has subgroups: a variant of the kernels uses them. */
export async function hasSubgroups(): Promise<boolean> {
  try {
    await (await createWebGpuBackend({ variant: 'subgroups' }))[Symbol.asyncDispose]();
    return true;
  } catch (error) {
    if (String(error).includes('no subgroups')) return false;
    throw error;
  }
}

export function allBackends(kernels: ExtraKernels = {}): readonly BackendChoice[] {
  return [...referenceBackends(kernels), ...deviceBackends(kernels)];
}
