/** The recorder: kernel calls in order, types inferred as they come. */
import {
  type AnyKernel,
  type Graph,
  type KernelSpec,
  type Params,
  type Program,
  type ProgramCall,
  type Scalar,
  ShapeError,
  type Tensor,
  type TensorRole,
  type TensorType,
} from '@yoco-u/spec';
import { recordBackward } from './backward.ts';
import { prune } from './prune.ts';
import { describeType, sameShape } from './shape.ts';

/** A recorded call with its kernel, before kernels become names. */
export interface GraphCall {
  readonly kernel: AnyKernel;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly params: Params;
  /** Calls of one number are recorded again by `backward` instead of being kept. */
  readonly segment: number | undefined;
}

interface Entry {
  role: TensorRole;
  name: string;
  readonly tensor: Tensor;
}

/** Starts an empty recording. Throws `ShapeError` for misuse: foreign tensors, repeated names, updates of non-states. */
export function createGraph(): Graph {
  const entries: Entry[] = [];
  const names = new Set<string>();
  const scalars = new Map<string, Scalar>();
  const calls: GraphCall[] = [];
  let segments = 0;
  let segment: number | undefined;
  let built = false;

  const add = (role: TensorRole, name: string, type: TensorType): Tensor => {
    const tensor: Tensor = Object.freeze({ id: entries.length, type });
    entries.push({ role, name, tensor });
    return tensor;
  };
  const entryOf = (tensor: Tensor, where: string): Entry => {
    const entry = entries[tensor.id];
    if (entry?.tensor !== tensor) {
      throw new ShapeError({
        where,
        expected: 'a tensor of this graph',
        got: `tensor ${tensor.id} of another one (${describeType(tensor.type)})`,
        fix: 'declare it in this graph and bind the same buffer',
      });
    }
    return entry;
  };
  const claim = (name: string): void => {
    if (names.has(name)) {
      throw new ShapeError({ where: 'graph.declare', expected: 'a new name', got: `'${name}' a second time` });
    }
    names.add(name);
  };
  const open = (where: string): void => {
    if (built) throw new ShapeError(`graph.${where}: expected a graph that still records, got one already built`);
  };

  /** The calls that a fused one is made of, of which the last ones give its own outputs. */
  const expand = (call: GraphCall): readonly GraphCall[] => {
    const outer = segment;
    const first = calls.length;
    segment = call.segment;
    let results: readonly Tensor[];
    let parts: readonly GraphCall[];
    try {
      results = call.kernel.expand!(graph, call.inputs, call.params);
    } finally {
      segment = outer;
      parts = calls.splice(first);
    }
    const own = new Map(results.map((result, position) => [result, call.outputs[position]!]));
    checkExpansion(call, parts, results);
    const renamed = (tensor: Tensor): Tensor => own.get(tensor) ?? tensor;
    return parts.map((part) => ({ ...part, inputs: part.inputs.map(renamed), outputs: part.outputs.map(renamed) }));
  };
  /** What can be differentiated: fused calls without a gradient of their own in their parts. */
  const differentiable = (call: GraphCall): readonly GraphCall[] =>
    call.kernel.backward !== undefined || call.kernel.expand === undefined
      ? [call]
      : expand(call).flatMap(differentiable);
  const programCall = (call: GraphCall): ProgramCall => ({
    kernel: call.kernel.name,
    inputs: call.inputs.map((tensor) => tensor.id),
    outputs: call.outputs.map((tensor) => tensor.id),
    params: call.params,
    updates: (call.kernel.updates ?? []).filter((position) => position < call.inputs.length),
    ...(call.kernel.expand === undefined ? {} : { expansion: expand(call).map(programCall) }),
  });

  const graph: Graph = {
    declare(role, name, type) {
      open('declare');
      claim(name);
      return add(role, name, type);
    },
    scalar(name, type) {
      open('scalar');
      const known = scalars.get(name);
      if (known !== undefined) {
        if (known.type === type) return known;
        throw new ShapeError({
          where: `graph.scalar('${name}')`,
          expected: known.type,
          got: type,
          fix: 'use one type',
        });
      }
      const scalar: Scalar = Object.freeze({ scalar: name, type, index: scalars.size });
      scalars.set(name, scalar);
      return scalar;
    },
    call<P extends Params>(kernel: KernelSpec<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
      open('call');
      for (const input of inputs) entryOf(input, kernel.name);
      for (const position of kernel.updates ?? []) {
        const updated = inputs[position];
        if (updated === undefined) continue;
        const { role, name } = entryOf(updated, kernel.name);
        if (segment !== undefined) {
          throw new ShapeError({
            where: kernel.name,
            expected: 'no update of a state in what is recomputed',
            got: `one of '${name}'`,
          });
        }
        if (role !== 'state') {
          throw new ShapeError({
            where: kernel.name,
            expected: `a state as input ${position}, which it updates`,
            got: `${role} '${name}'`,
          });
        }
        if (inputs.filter((input) => input === updated).length > 1) {
          throw new ShapeError({
            where: kernel.name,
            expected: `state '${name}', which it updates, once among the inputs`,
            got: 'it more than once',
          });
        }
      }
      const types = kernel.infer(
        inputs.map((input) => input.type),
        params,
      );
      const outputs = types.map((type) => add('temporary', '', type));
      calls.push({ kernel, inputs: [...inputs], outputs, params, segment });
      return outputs;
    },
    label(tensor, name) {
      const entry = entryOf(tensor, 'graph.label');
      if (entry.role === 'temporary') entry.name = name;
    },
    recompute(record) {
      open('recompute');
      if (segment !== undefined) throw new ShapeError('graph.recompute: expected no recomputation around it, got one');
      segment = segments++;
      try {
        return record();
      } finally {
        segment = undefined;
      }
    },
    backward(loss, accumulators = new Map()) {
      open('backward');
      entryOf(loss, 'graph.backward');
      for (const [variable, state] of accumulators) {
        const { role, name } = entryOf(variable, 'graph.backward');
        if (role !== 'parameter' && role !== 'state') {
          throw new ShapeError({
            where: 'graph.backward',
            expected: 'accumulators of parameters and states',
            got: `one of ${role} '${name}'`,
          });
        }
        if (entryOf(state, 'graph.backward').role !== 'state' || !sameShape(variable.type, state.type)) {
          throw new ShapeError({
            where: `graph.backward: accumulator of '${name}'`,
            expected: `a state [${variable.type.shape.join(', ')}]`,
            got: `${entries[state.id]!.role} ${describeType(state.type)}`,
          });
        }
      }
      const variables = entries
        .filter(({ role, tensor }) => role === 'parameter' || accumulators.has(tensor))
        .map(({ tensor }) => tensor);
      const forward = [...calls].flatMap(differentiable);
      // not spread: engines bound how many arguments a call has
      calls.length = 0;
      for (const call of forward) calls.push(call);
      return recordBackward({ graph, calls: forward, variables, accumulators }, loss);
    },
    build(outputs) {
      open('build');
      for (const [name, tensor] of Object.entries(outputs)) {
        const entry = entryOf(tensor, 'graph.build');
        if (entry.role !== 'temporary') {
          throw new ShapeError({
            where: `graph.build: output '${name}'`,
            expected: 'the result of a call, once',
            got: `${entry.role} '${entry.name}'`,
          });
        }
        claim(name);
        entry.role = 'output';
        entry.name = name;
      }
      // expansions declare temporaries and scalars of their own
      const recorded = [...calls].map(programCall);
      built = true;
      return prune({
        tensors: entries.map(({ role, name, tensor }) => ({ role, name, type: tensor.type })),
        scalars: [...scalars.values()],
        calls: recorded,
      } satisfies Program);
    },
  };
  return graph;
}

/** Throws `ShapeError` unless the parts of a fused call give what it gives. */
function checkExpansion({ kernel, outputs }: GraphCall, parts: readonly GraphCall[], results: readonly Tensor[]): void {
  const made = new Set(parts.flatMap((part) => part.outputs));
  const types = (tensors: readonly Tensor[]): string => tensors.map(({ type }) => describeType(type)).join(', ');
  const isMade = results.every((result, position) => made.has(result) && results.indexOf(result) === position);
  if (isMade && types(results) === types(outputs)) return;
  throw new ShapeError({
    where: `${kernel.name}: expand`,
    expected: `results of its own calls: ${types(outputs) || 'none'}`,
    got: isMade ? types(results) || 'none' : 'an input, or one result twice',
  });
}
