/**
 * Benchmarks of the kernels, each beside a limit measured in the same run: multiply-adds against a register-only loop, that
 * loop against the clock, matrix-vector products against plain reading of memory.
 */
export {
  benchKernels,
  formatMeasurements,
  type KernelBenchOptions,
  type MachineLimits,
  type Measurement,
  measureFmaPeak,
  measureLimits,
  measureReading,
} from './bench/kernels.ts';
