/** Backends by name, loaded when chosen. */
import { type AnyKernel, type AttentionPlugin, type Backend, ConfigError } from '@yoco-u/spec';
import { builtInPlugins, registryOf } from './attention.ts';
import type { BackendPurpose } from './choose-backend.ts';

export interface BackendOptions {
  /**
   * `wasm` (default): the CPU through WebAssembly. `webgpu`: the GPU; in Node with the npm package `webgpu`. `reference`: plain
   * TypeScript, slow, exact. `auto`: `wasm` or `webgpu`, whichever a short trial finds faster for the model; `wasm` where there is no
   * WebGPU. The backend's `description` says which and why.
   */
  readonly backend?: 'wasm' | 'webgpu' | 'reference' | 'auto';
  /** Threads of the WASM backend. Default: all cores, or 1 where memory cannot be shared. */
  readonly threads?: number;
  /** Forces a WASM module. Default: relaxed SIMD where it validates and passes a self-test. */
  readonly simd?: 'relaxed' | 'baseline';
  /** Forces the form of the WebGPU kernels: see `variant` of `createWebGpuBackend`. Default: what suits the adapter. */
  readonly variant?: string;
  /**
   * Told how many shaders are compiled, of those under way and compiled since none were: WebGPU compiles them side by side, in
   * some drivers for many seconds. Must not throw.
   */
  readonly onCompile?: (done: number, total: number) => void;
  /** Plug-ins besides the built-in ones. Their kernels for devices come first: they replace built-in ones of the same name. */
  readonly plugins?: readonly AttentionPlugin[];
}

/**
 * Creates a backend that knows the base kernels, those of the built-in variants, and those of the plug-ins. `purpose` is what `auto`
 * tries; without it `auto` throws `ConfigError`. Throws `BackendError` for a backend that cannot be had here: it says what to install.
 */
export async function createBackend(options: BackendOptions = {}, purpose?: BackendPurpose): Promise<Backend> {
  const plugins = [...(options.plugins ?? []), ...builtInPlugins];
  if (options.backend === 'reference') {
    const { createReferenceBackend } = await import('@yoco-u/tensor/reference');
    return createReferenceBackend({ kernels: kernelsOf(plugins) });
  }
  const openWebGpu = async (): Promise<Backend> => {
    const { createWebGpuBackend } = await import('@yoco-u/backend-webgpu');
    const { testTinyModel } = await import('./attention-self-test.ts');
    return createWebGpuBackend({
      selfTest: testTinyModel,
      ...(options.variant === undefined ? {} : { variant: options.variant }),
      kernels: plugins.flatMap(({ webgpuKernels }) => webgpuKernels ?? []),
      ...(options.onCompile === undefined ? {} : { onCompile: options.onCompile }),
    });
  };
  const openWasm = async (): Promise<Backend> => {
    const { createWasmBackend } = await import('@yoco-u/backend-wasm');
    return createWasmBackend({
      kernels: plugins.flatMap(({ wasmKernels }) => wasmKernels ?? []),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(options.simd === undefined ? {} : { simd: options.simd }),
    });
  };
  if (options.backend === 'webgpu') return openWebGpu();
  if (options.backend !== 'auto') return openWasm();
  if (purpose === undefined) {
    const fix = 'pass { model, use } as the second argument, or name a backend';
    throw new ConfigError({ where: "createBackend: 'auto'", expected: 'a model to try', got: 'none', fix });
  }
  const { chooseBackend } = await import('./choose-backend.ts');
  return chooseBackend(purpose, { openWasm, openWebGpu });
}

/** Every kernel that the plug-ins' variants may record, each once. */
function kernelsOf(plugins: readonly AttentionPlugin[]): readonly AnyKernel[] {
  return [...new Set(registryOf(plugins).flatMap((variant) => variant.kernels))];
}
