/** Kernels that are nothing but a name for others. */
import {
  type Cost,
  type Graph,
  type KernelSpec,
  type NumberArray,
  type Params,
  type ReferenceCall,
  ShapeError,
  type Tensor,
  type TensorType,
} from '@yoco-u/spec';
import { createGraph, type GraphCall } from './graph.ts';
import { byteLength, elementCount } from './shape.ts';

export interface FusedKernel<P extends Params> {
  readonly name: string;
  /** Positions of inputs updated in place. */
  readonly updates?: readonly number[];
  /** How many inputs a call of these params has. */
  inputs(params: P): number;
  expand(graph: Graph, inputs: readonly Tensor[], params: P): readonly Tensor[];
}

/**
 * A kernel whose types, work and meaning are those of its expansion: a backend that has it does in one piece what others do call by
 * call. It has no gradient of its own: `Graph.backward` takes the expansion's.
 */
export function fuse<P extends Params>({ name, updates = [], inputs: count, expand }: FusedKernel<P>): KernelSpec<P> {
  const record = (types: readonly TensorType[], params: P) => {
    const calls: Pick<GraphCall, 'kernel' | 'inputs' | 'outputs' | 'params'>[] = [];
    const inner = createGraph();
    const graph: Graph = {
      ...inner,
      call<Q extends Params>(kernel: KernelSpec<Q>, given: readonly Tensor[], of: Q) {
        const outputs = inner.call(kernel, given, of);
        calls.push({ kernel, inputs: given, outputs, params: of });
        return outputs;
      },
    };
    const inputs = types.map((type, index) =>
      inner.declare(updates.includes(index) ? 'state' : 'input', String(index), type),
    );
    return { inputs, calls, results: expand(graph, inputs, params) };
  };
  return {
    name,
    ...(updates.length > 0 ? { updates } : {}),
    infer(types, params) {
      const expected = count(params);
      if (types.length !== expected) {
        throw new ShapeError({ where: name, expected: `${expected} inputs`, got: `${types.length}` });
      }
      return record(types, params).results.map(({ type }) => type);
    },
    cost: (types, params) => costOf(record(types, params)),
    reference: (call) => runReference(record(call.inputTypes, call.params), call),
    expand,
  };
}

interface Recorded {
  readonly inputs: readonly Tensor[];
  readonly calls: readonly Pick<GraphCall, 'kernel' | 'inputs' | 'outputs' | 'params'>[];
  readonly results: readonly Tensor[];
}

/** The calls' own, less what need not go through memory: every intermediate, once written and once for each call that reads it. */
function costOf({ calls, results }: Recorded): Cost {
  let flops = 0;
  let bytes = 0;
  for (const { kernel, inputs, outputs, params } of calls) {
    const cost = kernel.cost(
      inputs.map(({ type }) => type),
      params,
    );
    flops += cost.flops;
    bytes += cost.bytes;
    for (const output of outputs) {
      const readers = calls.filter((other) => other.inputs.includes(output)).length;
      bytes -= (readers + (results.includes(output) ? 0 : 1)) * byteLength(output.type);
    }
  }
  return { flops, bytes: Math.max(0, bytes) };
}

/** Runs the calls' definitions over temporaries of NaN. */
function runReference<P extends Params>({ inputs, calls, results }: Recorded, call: ReferenceCall<P>): void {
  const arrays = new Map<Tensor, NumberArray>();
  inputs.forEach((tensor, index) => {
    arrays.set(tensor, call.inputs[index]!);
  });
  results.forEach((tensor, index) => {
    arrays.set(tensor, call.outputs[index]!);
  });
  const isNarrow = [...arrays.values()].some((array) => array instanceof Float32Array);
  const temporary = ({ type }: Tensor): NumberArray => {
    if (type.format.element === 'i32') return new Int32Array(elementCount(type)).fill(-0x8000_0000);
    return new (isNarrow ? Float32Array : Float64Array)(elementCount(type)).fill(Number.NaN);
  };
  for (const { kernel, inputs: of, outputs, params } of calls) {
    for (const output of outputs) if (!arrays.has(output)) arrays.set(output, temporary(output));
    const types = (tensors: readonly Tensor[]): readonly TensorType[] => tensors.map(({ type }) => type);
    const arraysOf = (tensors: readonly Tensor[]): readonly NumberArray[] => tensors.map((one) => arrays.get(one)!);
    kernel.reference({
      inputs: arraysOf(of),
      outputs: arraysOf(outputs),
      inputTypes: types(of),
      outputTypes: types(outputs),
      params,
      value: (value) => call.value(value),
    });
  }
}
