/** For tests: seeded numbers, kernels called alone in float64, and gradients by finite differences. */
import type { AnyKernel, NumberArray, Params, Tensor, TensorType } from '@yoco-u/spec';
import { createGraph } from './graph.ts';
import { scale } from './kernels/index.ts';
import { createReferenceBackend } from './reference/index.ts';
import { elementCount } from './shape.ts';

/** Numbers in [-1, 1), the same for a seed everywhere: a linear congruence modulo 2³². */
export function seededArray(length: number, seed: number, factor = 1): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return factor * (state / 2 ** 31 - 1);
  });
}

/** One input of a kernel: `used` elements count, the rest is NaN. Undefined gradient where it is an integer or `fixed`. */
export interface TestInput {
  readonly type: TensorType;
  readonly data: NumberArray;
  readonly fixed?: boolean;
}

/** Runs the kernel's definition; outputs hold NaN before. Inputs are changed where the kernel updates them. */
export function evaluate(kernel: AnyKernel, inputs: readonly TestInput[], params: Params): readonly Float64Array[] {
  const inputTypes = inputs.map(({ type }) => type);
  const outputTypes = kernel.infer(inputTypes, params);
  const outputs = outputTypes.map((type) => new Float64Array(elementCount(type)).fill(Number.NaN));
  kernel.reference({
    inputs: inputs.map(({ data }) => data),
    outputs,
    inputTypes,
    outputTypes,
    params,
    value: Number,
  });
  return outputs;
}

/**
 * With loss = Σ weight · output over the outputs listed: the gradients that `backward` records, and those of central
 * differences, of every input that has one. `held`: gradients are added to states that hold this much before.
 */
export async function gradientsOf(
  kernel: AnyKernel,
  inputs: readonly TestInput[],
  params: Params,
  { flowing, held }: { readonly flowing?: readonly number[]; readonly held?: number } = {},
): Promise<readonly { readonly recorded: Float64Array; readonly expected: Float64Array }[]> {
  const outputs = evaluate(kernel, inputs, params);
  const weights = outputs.map((output, index) =>
    seededArray(output.length, 91 + index).map((weight, i) => (Number.isNaN(output[i]) ? Number.NaN : weight)),
  );
  const listed = flowing ?? outputs.map((_, index) => index);
  const lossOf = (): number => {
    const got = evaluate(kernel, inputs, params);
    const terms = listed.flatMap((index) => Array.from(got[index]!, (value, i) => value * weights[index]![i]!));
    return terms.reduce((sum, term) => (Number.isNaN(term) ? sum : sum + term), 0);
  };
  const moving = inputs.flatMap(({ type, fixed }, index) =>
    type.format.element === 'i32' || fixed === true ? [] : [index],
  );
  const recorded = await recordedGradients(kernel, inputs, params, { weights, listed, moving, held });
  return moving.map((index, position) => {
    const { data } = inputs[index]!;
    const step = 1e-5;
    const expected = Float64Array.from(data, (value, i) => {
      if (Number.isNaN(value)) return Number.NaN;
      const at = (moved: number): number => {
        data[i] = moved;
        const loss = lossOf();
        data[i] = value;
        return loss;
      };
      return (at(value + step) - at(value - step)) / (2 * step);
    });
    return { recorded: recorded[position]!, expected };
  });
}

interface Flow {
  readonly weights: readonly Float64Array[];
  readonly listed: readonly number[];
  readonly moving: readonly number[];
  readonly held: number | undefined;
}

async function recordedGradients(
  kernel: AnyKernel,
  inputs: readonly TestInput[],
  params: Params,
  { weights, listed, moving, held }: Flow,
): Promise<readonly Float64Array[]> {
  const graph = createGraph();
  const tensors = inputs.map(({ type }, index) => graph.declare('parameter', `input.${index}`, type));
  const outputs = graph.call(kernel, tensors, params);
  const incoming = outputs.map(({ type }, index) =>
    listed.includes(index) ? graph.declare('input', `weight.${index}`, type) : undefined,
  );
  const states = inputs.map(({ type }, index) =>
    held !== undefined && moving.includes(index) ? graph.declare('state', `sum.${index}`, type) : undefined,
  );
  const recorded = kernel.backward!(graph, { inputs: tensors, outputs, params }, incoming, states);
  const copied = new Map<number, Tensor>();
  for (const index of moving) {
    const gradient = recorded[index];
    // what is handed on as it is cannot be an output
    if (gradient !== undefined && gradient !== states[index]) {
      copied.set(index, graph.call(scale, [gradient], { factor: 1 })[0]!);
    }
  }
  const program = graph.build(Object.fromEntries([...copied].map(([index, tensor]) => [`gradient.${index}`, tensor])));
  await using backend = createReferenceBackend({ kernels: [kernel] });
  const buffers = Object.fromEntries(
    program.tensors.filter(({ role }) => role !== 'temporary').map(({ name, type }) => [name, backend.allocate(type)]),
  );
  const write = (name: string, data: NumberArray): void => {
    if (buffers[name] !== undefined) backend.write(buffers[name], data);
  };
  inputs.forEach(({ type, data }, index) => {
    write(`input.${index}`, data);
    write(`sum.${index}`, new Float64Array(elementCount(type)).fill(held ?? 0));
  });
  weights.forEach((data, index) => {
    write(`weight.${index}`, data);
  });
  (await backend.compile(program)).bind(buffers).run();
  return Promise.all(
    moving.map(async (index) => {
      const into = new Float64Array(elementCount(inputs[index]!.type));
      const isCopied = copied.has(index);
      await backend.download(buffers[`${isCopied ? 'gradient' : 'sum'}.${index}`]!, into);
      return isCopied ? into : into.map((value) => value - held!);
    }),
  );
}
