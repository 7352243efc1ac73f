/** `verify`: compares a model with the outputs, gradients or training steps recorded beside it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { directoryFiles } from '@yoco-u/checkpoint/node';
import { loadParts, type ModelParts } from '@yoco-u/yoco-u/node';
import { backendOptions } from '../backend-options.ts';
import { interruptSignal } from '../interrupt.ts';
import { modelFolder } from '../open-model.ts';
import type { ModelOptions } from '../options.ts';
import { CheckFailed } from '../run-program.ts';
import { type CheckResult, isFailure, type ResultListener } from '../verify/check-result.ts';
import { runForwardChecks } from '../verify/forward-checks.ts';
import { readGolden, readGoldenGradients } from '../verify/golden.ts';
import { readGoldenTraining } from '../verify/golden-training.ts';
import { runGradientChecks } from '../verify/gradient-checks.ts';
import { runTrainingChecks } from '../verify/training-checks.ts';

export interface VerifyOptions extends Pick<ModelOptions, 'backend' | 'threads' | 'simd' | 'variant' | 'json'> {
  readonly tolerance: number;
}

type Checks = (parts: ModelParts, listener: ResultListener) => Promise<readonly CheckResult[]>;

export async function verify(folder: string, options: VerifyOptions): Promise<void> {
  const signal = interruptSignal();
  const path = modelFolder(folder);
  const checks = await readChecks(path, options.tolerance);
  await using parts = await loadParts(path, { ...backendOptions(options), signal });
  const backend = parts.backend.description;
  if (options.json !== true) console.log(`${folder} on ${backend}, tolerance ${options.tolerance}`);
  const results = await checks(parts, async (result) => {
    if (options.json !== true) console.log(`  ${describe(result)}`);
    // Ctrl-C is heard between two turns of the event loop only
    await nextTurn();
    signal.throwIfAborted();
  });
  const passed = !results.some(isFailure);
  if (options.json === true) {
    // JSON has no Infinity
    const items = results.map((result) =>
      'error' in result && !Number.isFinite(result.error) ? { ...result, error: null } : result,
    );
    console.log(JSON.stringify({ folder, backend, tolerance: options.tolerance, items, pass: passed }));
  }
  if (!passed) throw new CheckFailed();
}

async function readChecks(path: string, tolerance: number): Promise<Checks> {
  const files = directoryFiles(path);
  const training = await readGoldenTraining(files);
  if (training !== undefined) {
    return (parts, listener) => runTrainingChecks({ ...parts, golden: training }, tolerance, listener);
  }
  const golden = await readGolden(files);
  const gradients = await readGoldenGradients(files);
  return async (parts, listener) => [
    ...(await runForwardChecks({ ...parts, golden }, tolerance, listener)),
    ...(gradients === undefined ? [] : await runGradientChecks({ ...parts, golden, gradients }, tolerance, listener)),
  ];
}

function describe(result: CheckResult): string {
  if ('skipped' in result) return `skip            ${result.item}: ${result.skipped}`;
  const error = Number.isFinite(result.error) ? result.error.toExponential(2) : 'differs ';
  return `${result.pass ? 'pass' : 'FAIL'}  ${error}  ${result.item}`;
}
