/** Backends by name, loaded when chosen. */
import type { AnyKernel, AttentionPlugin, Backend } from '@yoco-u/spec';
import { builtInPlugins, registryOf } from './attention.ts';

export interface BackendOptions {
  /**
   * `wasm` (default): the CPU through WebAssembly. `webgpu`: the GPU; in Node with the npm package `webgpu`. `reference`: plain
   * TypeScript, slow, exact.
   */
  readonly backend?: 'wasm' | 'webgpu' | 'reference';
  /** Threads of the WASM backend. Default: all cores, or 1 where memory cannot be shared. */
  readonly threads?: number;
  /** Forces a WASM module. Default: relaxed SIMD where it validates and passes a self-test. */
  readonly simd?: 'relaxed' | 'baseline';
  /** Plug-ins besides the built-in ones. Their kernels for devices come first: they replace built-in ones of the same name. */
  readonly plugins?: readonly AttentionPlugin[];
}

/** Creates a backend that knows the base kernels, those of the built-in variants, and those of the plug-ins. */
export async function createBackend(options: BackendOptions = {}): Promise<Backend> {
  const plugins = [...(options.plugins ?? []), ...builtInPlugins];
  if (options.backend === 'reference') {
    const { createReferenceBackend } = await import('@yoco-u/tensor/reference');
    return createReferenceBackend({ kernels: kernelsOf(plugins) });
  }
  if (options.backend === 'webgpu') {
    const { createWebGpuBackend } = await import('@yoco-u/backend-webgpu');
    return createWebGpuBackend({ kernels: plugins.flatMap(({ webgpuKernels }) => webgpuKernels ?? []) });
  }
  const { createWasmBackend } = await import('@yoco-u/backend-wasm');
  return createWasmBackend({
    kernels: plugins.flatMap(({ wasmKernels }) => wasmKernels ?? []),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.simd === undefined ? {} : { simd: options.simd }),
  });
}

/** Every kernel that the plug-ins' variants may record, each once. */
function kernelsOf(plugins: readonly AttentionPlugin[]): readonly AnyKernel[] {
  return [...new Set(registryOf(plugins).flatMap((variant) => variant.kernels))];
}
