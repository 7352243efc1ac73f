/** `bench kernels`: kernels beside the limits of this machine, measured in turns in one run. */
import {
  formatMeasurements,
  type KernelBenchOptions,
  benchKernels as measureKernels,
} from '@yoco-u/backend-wasm/bench';
import type { ModelOptions } from '../options.ts';

export async function benchKernels(options: Pick<ModelOptions, 'threads' | 'simd' | 'json'>): Promise<void> {
  const counts = options.threads === undefined ? [1, 2] : [...new Set([1, options.threads])];
  const settings: KernelBenchOptions = {
    threads: counts,
    ...(options.simd === undefined ? {} : { simd: options.simd }),
    ...(options.json === true ? {} : { onMeasured: (measurement) => console.log(formatMeasurements([measurement])) }),
  };
  if (options.json !== true) console.log(`node ${process.versions.node}, best of many`);
  const measurements = await measureKernels(settings);
  if (options.json === true) console.log(JSON.stringify({ node: process.versions.node, measurements }));
}
