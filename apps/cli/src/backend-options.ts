/** What the flags say of the backend, and a line of progress where it compiles for long. */
import type { BackendOptions } from '@yoco-u/yoco-u';
import type { ModelOptions } from './options.ts';
import { createCompileProgress } from './progress.ts';

export type BackendFlags = Pick<ModelOptions, 'backend' | 'threads' | 'simd' | 'variant'>;

export function backendOptions({ backend, threads, simd, variant }: BackendFlags): BackendOptions {
  return {
    backend,
    onCompile: createCompileProgress(),
    ...(threads === undefined ? {} : { threads }),
    ...(simd === undefined ? {} : { simd }),
    ...(variant === undefined ? {} : { variant }),
  };
}
