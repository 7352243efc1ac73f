/** Gradients by finite differences of the float64 definition. */
import type { AnyKernel, NumberArray, Params } from '@yoco-u/spec';
import { scale } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { allocateFor, read } from './device-call.ts';
import { ConformanceError, expectThat } from './expectations.ts';
import { type AnyKernelCase, evaluate, expectationOf, fillInputs, scalarNumbers } from './kernel-case.ts';
import { listeningGraph } from './listening-graph.ts';
import { randomArray, randomIntegers } from './numbers.ts';

/** Elements of an input that are tried: all of a small one, a sample of a large one. */
const mostElements = 12;
const step = 1e-5;
const tolerance = 1e-5;

/**
 * With loss = Σ weight · output, for all outputs together and for each by itself; as tensors, and added up in states that
 * hold something already.
 */
export async function checkGradients(kernel: AnyKernel, given: AnyKernelCase): Promise<void> {
  const { written, outputs } = expectationOf(kernel, given);
  const weights = outputs.map((array, index) => {
    const random = randomArray(array.length, 31 + index);
    return Float64Array.from(random, (weight, i) => (written[index]![i] ? weight : 0));
  });
  const all = outputs.map((_, index) => index);
  for (const flowing of outputs.length > 1 ? [all, ...all.map((index) => [index])] : [all]) {
    await compareGradients(kernel, given, weights, flowing, false);
  }
  await compareGradients(kernel, given, weights, all, true);
}

async function compareGradients(
  kernel: AnyKernel,
  given: AnyKernelCase,
  weights: readonly Float64Array[],
  flowing: readonly number[],
  adds: boolean,
): Promise<void> {
  const analytic = await recordedGradients(kernel, given, weights, flowing, adds);
  const types = given.inputs.map(({ type }) => type);
  const params = given.params(scalarNumbers(given));
  const loss = (inputs: readonly NumberArray[]): number => {
    const { outputs } = evaluate(kernel, types, inputs, params);
    return flowing.reduce((sum, index) => {
      const weight = weights[index]!;
      outputs[index]!.forEach((value, i) => {
        if (weight[i] !== 0) sum += weight[i]! * value;
      });
      return sum;
    }, 0);
  };
  given.inputs.forEach(({ type, data, constant }, position) => {
    const where = `${kernel.name}: gradient of input ${position}${adds ? ', added to a state' : ''}`;
    const gradient = analytic[position];
    const isInteger = type.format.element === 'i32';
    expectThat(!isInteger || gradient === undefined, where, 'none, for integers', 'a tensor');
    if (isInteger || constant || kernel.updates?.includes(position)) return;
    expectThat(gradient !== undefined, where, 'a tensor', 'none');
    const inputs = fillInputs(given, 'numbers', 64);
    const values = inputs[position]!;
    const picked =
      data.length <= mostElements ? data.map((_, i) => i) : randomIntegers(mostElements, data.length, data.length);
    for (const i of picked) {
      const original = values[i]!;
      values[i] = original + step;
      const above = loss(inputs);
      values[i] = original - step;
      const below = loss(inputs);
      values[i] = original;
      const expected = (above - below) / (2 * step);
      if (Math.abs(gradient[i]! - expected) <= tolerance * Math.max(1, Math.abs(expected))) continue;
      throw new ConformanceError({
        where: `${where}[${i}]`,
        expected: `${expected} by finite differences`,
        got: `${gradient[i]}`,
      });
    }
  });
}

/** What the accumulating states hold beforehand. */
const held = 0.25;

/** What `backward` records, run in float64: one array an input, undefined where it gives no gradient. */
async function recordedGradients(
  kernel: AnyKernel,
  given: AnyKernelCase,
  weights: readonly Float64Array[],
  flowing: readonly number[],
  adds: boolean,
): Promise<readonly (NumberArray | undefined)[]> {
  const { graph, calls } = listeningGraph();
  const inputs = given.inputs.map(({ type }, index) =>
    graph.declare(kernel.updates?.includes(index) ? 'state' : 'parameter', `in${index}`, type),
  );
  const scalars = Object.entries(given.scalars ?? {}).map(([name, { type }]) => [name, graph.scalar(name, type)]);
  const params: Params = given.params(Object.fromEntries(scalars));
  const outputs = graph.call(kernel, inputs, params);
  const incoming = outputs.map(({ type }, index) =>
    flowing.includes(index) ? graph.declare('input', `gradient${index}`, type) : undefined,
  );
  const states = given.inputs.map(({ type, constant }, index) =>
    adds && !constant && type.format.element === 'f32' ? graph.declare('state', `sum${index}`, type) : undefined,
  );
  const recorded = kernel.backward!(graph, { inputs, outputs, params }, incoming, states);
  // a gradient may be handed on as it is: a copy makes it an output of its own
  const copies = recorded.map((tensor, index) =>
    tensor === undefined || tensor === states[index] ? undefined : graph.call(scale, [tensor], { factor: 1 })[0]!,
  );
  const named = copies.flatMap((tensor, index) => (tensor === undefined ? [] : [[`of${index}`, tensor] as const]));
  const program = graph.build(Object.fromEntries(named));
  await using backend = createReferenceBackend({ kernels: calls.map((call) => call.kernel) });
  const buffers = allocateFor(backend, program);
  const write = (name: string, array: NumberArray): void => {
    if (buffers[name] !== undefined) backend.write(buffers[name], array);
  };
  fillInputs(given, 'numbers', 64).forEach((array, index) => {
    write(`in${index}`, array);
    write(`sum${index}`, new Float64Array(array.length).fill(held));
  });
  weights.forEach((array, index) => {
    write(`gradient${index}`, array);
  });
  (await backend.compile(program)).bind(buffers).run(scalarNumbers(given));
  return Promise.all(
    recorded.map(async (tensor, index) => {
      if (tensor === undefined) return undefined;
      if (tensor !== states[index]) return read(backend, buffers[`of${index}`]!, 64);
      return (await read(backend, buffers[`sum${index}`]!, 64)).map((value) => value - held);
    }),
  );
}
