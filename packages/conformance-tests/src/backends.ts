/** Every backend that there is, in every setting that must not matter. */
import { createWasmBackend } from '@yoco-u/backend-wasm';
import type { BackendChoice } from '@yoco-u/conformance';
import type { AnyKernel, AnyWasmKernel } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';

/** The kernels that a test needs besides the base kernels, for each kind of backend. */
export interface ExtraKernels {
  readonly reference?: readonly AnyKernel[];
  readonly wasm?: readonly AnyWasmKernel[];
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

export function allBackends(kernels: ExtraKernels = {}): readonly BackendChoice[] {
  return [...referenceBackends(kernels), ...deviceBackends(kernels)];
}
