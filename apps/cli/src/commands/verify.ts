/** `verify`: compares a model with the outputs, gradients or training steps recorded beside it. */

import { loadParts, type ModelParts } from '@yoco-u/yoco-u/node';
import { interruptSignal } from '../interrupt.ts';
import { modelFolder } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { CheckFailed } from '../run-program.ts';
import { type CheckResult, isFailure } from '../verify/check-result.ts';
import { runForwardChecks } from '../verify/forward-checks.ts';
import { readGolden, readGoldenGradients } from '../verify/golden.ts';
import { isTrainingFolder, readGoldenTraining } from '../verify/golden-training.ts';
import { runGradientChecks } from '../verify/gradient-checks.ts';
import { runTrainingChecks } from '../verify/training-checks.ts';

export interface VerifyOptions extends Pick<ModelOptions, 'backend' | 'threads' | 'simd' | 'json'> {
  readonly tolerance: number;
}

type Checks = (parts: ModelParts) => Promise<readonly CheckResult[]>;

export async function verify(folder: string, options: VerifyOptions): Promise<void> {
  const signal = interruptSignal();
  const path = modelFolder(folder);
  const checks = await readChecks(path, options.tolerance);
  await using parts = await loadParts(path, {
    backend: options.backend,
    signal,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.simd === undefined ? {} : { simd: options.simd }),
  });
  const results = await checks(parts);
  const passed = !results.some(isFailure);
  const backend = parts.backend.description;
  if (options.json === true) {
    // JSON has no Infinity
    const items = results.map((result) =>
      'error' in result && !Number.isFinite(result.error) ? { ...result, error: null } : result,
    );
    console.log(JSON.stringify({ folder, backend, tolerance: options.tolerance, items, pass: passed }));
  } else {
    console.log(`${folder} on ${backend}, tolerance ${options.tolerance}`);
    for (const result of results) console.log(`  ${describe(result)}`);
  }
  if (!passed) throw new CheckFailed();
}

async function readChecks(path: string, tolerance: number): Promise<Checks> {
  if (isTrainingFolder(path)) {
    const golden = await readGoldenTraining(path);
    return (parts) => runTrainingChecks({ ...parts, golden }, tolerance);
  }
  const golden = await readGolden(path);
  const gradients = await readGoldenGradients(path);
  return async (parts) => [
    ...(await runForwardChecks({ ...parts, golden }, tolerance)),
    ...(gradients === undefined ? [] : await runGradientChecks({ ...parts, golden, gradients }, tolerance)),
  ];
}

function describe(result: CheckResult): string {
  if ('skipped' in result) return `skip            ${result.item}: ${result.skipped}`;
  const error = Number.isFinite(result.error) ? result.error.toExponential(2) : 'differs ';
  return `${result.pass ? 'pass' : 'FAIL'}  ${error}  ${result.item}`;
}
