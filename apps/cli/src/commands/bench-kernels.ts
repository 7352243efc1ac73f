/** `bench kernels`: kernels beside the limits of this machine, measured in turns in one run. */
import {
  formatMeasurements,
  type KernelBenchOptions,
  benchKernels as measureKernels,
} from '@yoco-u/backend-wasm/bench';
import { createBackend } from '@yoco-u/yoco-u';
import { backendOptions } from '../backend-options.ts';
import { measureBackendKernels } from '../bench/backend-kernels.ts';
import type { ModelOptions } from '../options.ts';

export async function benchKernels(
  options: Pick<ModelOptions, 'backend' | 'variant' | 'threads' | 'simd' | 'json'>,
): Promise<void> {
  if (options.backend !== 'wasm') return benchOtherBackend(options);
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

const seconds = 2;

async function benchOtherBackend(options: Parameters<typeof benchKernels>[0]): Promise<void> {
  await using backend = await createBackend(backendOptions(options));
  const { description } = backend;
  if (options.json !== true) console.log(`${description}, node ${process.versions.node}, best of ${seconds} s each`);
  const measurements = await measureBackendKernels(backend, seconds, ({ name, unit, best, median }) => {
    if (options.json === true) return;
    console.log(`${name.padEnd(24)} ${best.toFixed(2).padStart(8)} ${unit.padEnd(7)} (median ${median.toFixed(2)})`);
  });
  if (options.json !== true) return;
  console.log(JSON.stringify({ node: process.versions.node, backend: description, measurements }));
}
