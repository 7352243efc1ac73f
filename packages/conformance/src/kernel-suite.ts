/** Kernels: the definition by itself, its gradient, and every device backend against it. */
import type { AnyKernel, Backend, NumberArray, TensorType } from '@yoco-u/spec';
import { elementCount, f32 } from '@yoco-u/tensor';
import { type CallResults, compileCall, type DeviceCall, deviceTypes } from './device-call.ts';
import { ConformanceError, expectError, expectThat } from './expectations.ts';
import {
  type AnyKernelCase,
  type Expectation,
  evaluate,
  expectationOf,
  type Filling,
  fillInputs,
  scalarNumbers,
  sentinelArray,
  sentinels,
  takeRows,
} from './kernel-case.ts';
import { checkGradients } from './kernel-gradients.ts';
import { expectClose, expectSameBits } from './numbers.ts';
import { type CheckOf, createSuite, type Suite } from './suite.ts';

/** A backend to be tested: created once a suite, with the kernels that the suite needs, and disposed behind it. */
export interface BackendChoice {
  readonly name: string;
  create(): Backend | Promise<Backend>;
}

export interface KernelSuiteOptions {
  readonly cases: readonly AnyKernelCase[];
  readonly backends: readonly BackendChoice[];
  /** Largest difference from the float64 definition, as a part of the largest magnitude. Default 1e-5. */
  readonly tolerance?: number;
}

/** The suites of `describeKernel`, for use without vitest: `findFaults(kernelSuites(…))`. */
export function kernelSuites(kernel: AnyKernel, options: KernelSuiteOptions): readonly Suite[] {
  const { cases, backends, tolerance = 1e-5 } = options;
  const differentiable: CheckOf<object>[] = [
    ['has the gradients of finite differences', () => everyCase(cases, (given) => checkGradients(kernel, given))],
  ];
  return [
    createSuite(`kernel ${kernel.name}`, () => ({}), [
      ['is defined soundly', () => everyCase(cases, (given) => checkFacts(kernel, given))],
      ['neither reads nor changes what is not in use', () => everyCase(cases, (given) => checkExtents(kernel, given))],
      ['bears float32', () => everyCase(cases, (given) => checkFloat32(kernel, given, tolerance))],
      ...(kernel.backward === undefined ? [] : differentiable),
    ]),
    ...backends.map(({ name, create }) => {
      const check =
        (property: (run: DeviceRun) => Promise<void>) =>
        (backend: Backend): Promise<void> =>
          everyCase(cases, (given) => onDevice(backend, kernel, given, property));
      return createSuite(`kernel ${kernel.name} on ${name}`, create, [
        ['gives what the definition gives', check((run) => checkResults(run, tolerance))],
        ['leaves alone what lies beyond the rows of a run', check(checkUntouched)],
        ['does not read what lies beyond the rows of a run', check(checkUnread)],
        ['gives the same bits every time', check(checkRepeated)],
        ['takes constants for scalars', check(checkConstants)],
        ['gives a row bits that depend on no other row', check(checkRows)],
      ]);
    }),
  ];
}

/** Runs the check for all cases; throws the first fault, with its case and the count of further ones. */
async function everyCase(
  cases: readonly AnyKernelCase[],
  check: (given: AnyKernelCase) => void | Promise<void>,
): Promise<void> {
  const faults: { readonly name: string; readonly error: unknown }[] = [];
  for (const given of cases) {
    try {
      await check(given);
    } catch (error) {
      faults.push({ name: given.name, error });
    }
  }
  const [first] = faults;
  if (first === undefined) return;
  const message = first.error instanceof Error ? first.error.message : String(first.error);
  const further = faults.length > 1 ? ` (and ${faults.length - 1} of ${cases.length} cases more)` : '';
  throw new ConformanceError(`case '${first.name}': ${message}${further}`, { cause: first.error });
}

async function checkFacts(kernel: AnyKernel, given: AnyKernelCase): Promise<void> {
  const types = given.inputs.map(({ type }) => type);
  const params = given.params(scalarNumbers(given));
  const cost = kernel.cost(types, params);
  for (const [what, amount] of Object.entries({ flops: cost.flops, bytes: cost.bytes })) {
    expectThat(Number.isFinite(amount) && amount >= 0, `${kernel.name}: cost.${what}`, 'a finite number ≥ 0', amount);
  }
  for (const [index, type] of kernel.infer(types, params).entries()) {
    const sound = type.shape.every((size) => Number.isSafeInteger(size) && size > 0);
    expectThat(sound, `${kernel.name}: output ${index}`, 'integer sizes > 0', `[${type.shape.join(', ')}]`);
  }
  if (types.length > 0) await expectError(`${kernel.name} without inputs`, 'shape', () => kernel.infer([], params));
}

function checkExtents(kernel: AnyKernel, given: AnyKernelCase): void {
  const clean = expectationOf(kernel, given, 'numbers');
  const poisoned = expectationOf(kernel, given, 'poison');
  clean.outputs.forEach((expected, index) => {
    expectSameBits(`${kernel.name}: output ${index}, with NaN beyond`, poisoned.outputs[index]!, expected);
  });
  const before = fillInputs(given, 'numbers', 64);
  clean.inputs.forEach((after, index) => {
    if (kernel.updates?.includes(index)) {
      expectSameBits(`${kernel.name}: updated input ${index}`, poisoned.inputs[index]!, after);
    } else expectSameBits(`${kernel.name}: input ${index}, which it may not change`, after, before[index]!);
  });
}

function checkFloat32(kernel: AnyKernel, given: AnyKernelCase, tolerance: number): void {
  const types = given.inputs.map(({ type }) => type);
  const params = given.params(scalarNumbers(given));
  const narrow = evaluate(kernel, types, fillInputs(given, 'numbers', 32), params, { precision: 32 });
  compare(kernel, given, narrow, expectationOf(kernel, given), tolerance);
}

/** Outputs where the definition writes, and updated states, to a tolerance. */
function compare(
  kernel: AnyKernel,
  given: AnyKernelCase,
  got: CallResults,
  expected: Expectation,
  tolerance: number,
): void {
  expected.outputs.forEach((array, index) => {
    const written = expected.written[index]!;
    // a last element that carries the magnitude along
    const pick = (from: NumberArray) => Float64Array.of(...from.filter((_, i) => written[i]), given.magnitude ?? 0);
    expectClose(`${kernel.name}: output ${index}`, pick(got.outputs[index]!), pick(array), tolerance);
  });
  for (const index of kernel.updates ?? []) {
    expectClose(`${kernel.name}: updated input ${index}`, got.inputs[index]!, expected.inputs[index]!, tolerance);
  }
}

/** A case on a backend, in one storage format of its matrices. */
interface DeviceRun {
  readonly backend: Backend;
  readonly kernel: AnyKernel;
  readonly given: AnyKernelCase;
  readonly ownFormat: boolean;
  readonly outputTypes: readonly TensorType[];
  /** Compiles the case, or a variation of it. */
  compile(given: AnyKernelCase, constants: boolean): Promise<DeviceCall>;
}

/** Checks a property with row-major matrices, where the backend takes them, and with matrices in its own format. */
async function onDevice(
  backend: Backend,
  kernel: AnyKernel,
  given: AnyKernelCase,
  property: (run: DeviceRun) => Promise<void>,
): Promise<void> {
  const differ = backend.matrixFormat.name !== f32.name && given.inputs.some(({ matrix }) => matrix);
  for (const ownFormat of differ ? [true, false] : [true]) {
    const types = deviceTypes(backend, given, ownFormat);
    const params = given.params(scalarNumbers(given));
    const outputTypes = kernel.infer(types, params);
    const answer = backend.supports({ kernel: kernel.name, inputs: types, outputs: outputTypes, params });
    // what the backend lacks it runs in parts
    const runs = answer === true || kernel.expand !== undefined;
    if (!runs && !ownFormat) continue;
    expectThat(runs, `${kernel.name}: supports`, 'true', answer);
    const compile = (of: AnyKernelCase, constants: boolean) =>
      compileCall(backend, kernel, of, deviceTypes(backend, of, ownFormat), constants);
    await property({ backend, kernel, given, ownFormat, outputTypes, compile });
  }
}

function run({ given, outputTypes }: DeviceRun, call: DeviceCall, filling: Filling = 'numbers'): Promise<CallResults> {
  const before = outputTypes.map((type) => sentinelArray(type, sentinels[0], 32));
  return call.run(fillInputs(given, filling, 32), before, scalarNumbers(given));
}

async function checkResults(of: DeviceRun, tolerance: number): Promise<void> {
  using call = await of.compile(of.given, false);
  compare(of.kernel, of.given, await run(of, call), expectationOf(of.kernel, of.given), tolerance);
}

/** What the definition does not write holds the sentinel, or the poison that a backend for debugging leaves. */
async function checkUntouched(of: DeviceRun): Promise<void> {
  const { written } = expectationOf(of.kernel, of.given);
  using call = await of.compile(of.given, false);
  const { outputs } = await run(of, call);
  outputs.forEach((array, index) => {
    const before = array.slice(0, 1).fill(sentinels[0])[0];
    const poison = array instanceof Int32Array ? -0x8000_0000 : Number.NaN;
    array.forEach((value, i) => {
      const fine = written[index]![i] || value === before || Object.is(value, poison);
      expectThat(fine, `${of.kernel.name}: output ${index}[${i}], not in use`, `${before}, as before`, value);
    });
  });
}

function expectSameResults(what: string, { kernel }: DeviceRun, got: CallResults, expected: CallResults): void {
  expected.outputs.forEach((array, index) => {
    expectSameBits(`${kernel.name}, ${what}: output ${index}`, got.outputs[index]!, array);
  });
  for (const index of kernel.updates ?? []) {
    expectSameBits(`${kernel.name}, ${what}: updated input ${index}`, got.inputs[index]!, expected.inputs[index]!);
  }
}

async function checkUnread(of: DeviceRun): Promise<void> {
  using call = await of.compile(of.given, false);
  const clean = await run(of, call);
  expectSameResults('with NaN beyond', of, await run(of, call, 'poison'), clean);
}

async function checkRepeated(of: DeviceRun): Promise<void> {
  using call = await of.compile(of.given, false);
  const first = await run(of, call);
  expectSameResults('run again', of, await run(of, call), first);
  using another = await of.compile(of.given, false);
  expectSameResults('compiled again', of, await run(of, another), first);
}

async function checkConstants(of: DeviceRun): Promise<void> {
  if (Object.keys(of.given.scalars ?? {}).length === 0) return;
  using call = await of.compile(of.given, false);
  using constant = await of.compile(of.given, true);
  expectSameResults('with constants for scalars', of, await run(of, constant), await run(of, call));
}

/** Fewer rows in the same program, and single rows in a program of their own. */
async function checkRows(of: DeviceRun): Promise<void> {
  const { kernel, given, outputTypes } = of;
  const rows = given.scalars?.rows?.value ?? 0;
  if (given.rowwise !== true || rows < 2) return;
  using call = await of.compile(given, false);
  const together = await run(of, call);
  const units = outputTypes.map((type) => elementCount(type) / type.shape[0]!);
  const expectRows = (where: string, got: readonly NumberArray[], from: number, count: number): void => {
    got.forEach((array, index) => {
      const unit = units[index]!;
      const expected = together.outputs[index]!.subarray(from * unit, (from + count) * unit);
      expectSameBits(`${kernel.name}: ${where}, output ${index}`, array.subarray(0, count * unit), expected);
    });
  };
  const before = outputTypes.map((type) => sentinelArray(type, 0, 32));
  for (const fewer of new Set([1, Math.min(3, rows - 1), rows - 1])) {
    const values = { ...scalarNumbers(given), rows: fewer };
    const { outputs } = await call.run(fillInputs(given, 'numbers', 32), before, values);
    expectRows(`the first ${fewer} of ${rows} rows alone`, outputs, 0, fewer);
  }
  for (const row of new Set([0, rows >> 1, rows - 1])) {
    const alone = takeRows(given, row, 1);
    using single = await of.compile(alone, false);
    const { outputs } = await single.run(fillInputs(alone, 'numbers', 32), [], scalarNumbers(alone));
    expectRows(`row ${row} of ${rows} in a program of one row`, outputs, row, 1);
  }
}
