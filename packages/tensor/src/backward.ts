/**
 * Reverse-mode differentiation of a recording: walks the calls backwards, asks every kernel to record its own gradient, and
 * adds up what reaches the same tensor.
 */
import { type Graph, ShapeError, type Tensor } from '@yoco-u/spec';
import type { GraphCall } from './graph.ts';
import { accumulate } from './kernels/accumulate.ts';
import { add } from './kernels/add.ts';
import { fill } from './kernels/fill.ts';
import { describeType, elementCount } from './shape.ts';

export interface BackwardScope {
  readonly graph: Graph;
  /** The forward calls, in order. */
  readonly calls: readonly GraphCall[];
  /** What to differentiate with respect to. */
  readonly variables: readonly Tensor[];
  /** Where a variable's gradient is added up in place; variables without one get a temporary. */
  readonly accumulators: ReadonlyMap<Tensor, Tensor>;
}

/**
 * Throws `ShapeError` for a loss of more than one element, for a kernel on the way that has no backward, and for a variable
 * that a call so far updates: its earlier values, which the gradient depends on, are gone.
 */
export function recordBackward(scope: BackwardScope, loss: Tensor): ReadonlyMap<Tensor, Tensor> {
  const { graph, calls, variables, accumulators } = scope;
  if (elementCount(loss.type) !== 1) {
    throw new ShapeError({ where: 'graph.backward', expected: 'a loss of one element', got: describeType(loss.type) });
  }
  const isVariable = new Set<Tensor>(variables);
  const reached = new Set<Tensor>(variables);
  for (const call of calls) {
    if ((call.kernel.updates ?? []).some((position) => isVariable.has(call.inputs[position]!))) {
      throw new ShapeError({
        where: 'graph.backward',
        expected: 'variables that no call before updates',
        got: `one that ${call.kernel.name} updates`,
        fix: 'record the update after backward',
      });
    }
    if (call.inputs.some((input) => reached.has(input))) for (const output of call.outputs) reached.add(output);
  }
  const gradients = new Map<Tensor, Tensor>();
  const collect = (input: Tensor, gradient: Tensor): void => {
    const state = accumulators.get(input);
    const sum = gradients.get(input);
    if (state !== undefined) {
      if (gradient !== state) graph.call(accumulate, [state, gradient], {});
      gradients.set(input, state);
    } else gradients.set(input, sum === undefined ? gradient : graph.call(add, [sum, gradient], {})[0]!);
  };
  const recompute = createRecomputation(graph, calls);
  gradients.set(loss, graph.call(fill, [], { type: loss.type, value: 1 })[0]!);
  for (let index = calls.length - 1; index >= 0; index--) {
    const call = calls[index]!;
    const incoming = call.outputs.map((output) => gradients.get(output));
    if (incoming.every((gradient) => gradient === undefined)) continue;
    if (!call.inputs.some((input) => reached.has(input))) continue;
    if (call.kernel.backward === undefined) {
      throw new ShapeError({ where: 'graph.backward', expected: 'kernels with a backward', got: call.kernel.name });
    }
    const states = call.inputs.map((input) => accumulators.get(input));
    const outgoing = call.kernel.backward(graph, recompute(call), incoming, states);
    call.inputs.forEach((input, position) => {
      const gradient = outgoing[position];
      if (gradient !== undefined && reached.has(input)) collect(input, gradient);
    });
  }
  return new Map(
    variables.flatMap((variable) => {
      const gradient = gradients.get(variable);
      return gradient === undefined ? [] : [[variable, gradient] as const];
    }),
  );
}

/**
 * Gives a call as its backward is to see it: one of a segment with the segment's intermediates recorded anew, at the first
 * call of the segment that is asked for. Chen et al. 2016 (arXiv 1604.06174).
 */
function createRecomputation(graph: Graph, calls: readonly GraphCall[]): (call: GraphCall) => GraphCall {
  const again = new Map<number, ReadonlyMap<Tensor, Tensor>>();
  const recordAgain = (segment: number): ReadonlyMap<Tensor, Tensor> => {
    const renewed = new Map<Tensor, Tensor>();
    for (const { kernel, inputs, outputs, params } of calls.filter((call) => call.segment === segment)) {
      const results = graph.call(
        kernel,
        inputs.map((input) => renewed.get(input) ?? input),
        params,
      );
      outputs.forEach((output, position) => {
        renewed.set(output, results[position]!);
      });
    }
    return renewed;
  };
  return (call) => {
    if (call.segment === undefined) return call;
    const renewed = again.get(call.segment) ?? recordAgain(call.segment);
    again.set(call.segment, renewed);
    const renew = (tensor: Tensor): Tensor => renewed.get(tensor) ?? tensor;
    return { ...call, inputs: call.inputs.map(renew), outputs: call.outputs.map(renew) };
  };
}
