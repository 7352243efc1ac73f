/** Programs as text, and what they cost. */
import type { AnyKernel, Cost, Program, Scalar } from '@yoco-u/spec';
import { planArena } from './plan.ts';
import { byteLength, describeType } from './shape.ts';

function isRecordedScalar(value: unknown): value is Scalar {
  return typeof value === 'object' && value !== null && 'scalar' in value;
}

/** One line a call, in execution order: `%12 f32 [1, 128] = linear(%11, 'model.…q_proj.weight') rows=$rows`. */
export function printProgram(program: Program): string {
  const name = (id: number): string => {
    const tensor = program.tensors[id]!;
    return tensor.role === 'temporary' ? `%${id}${tensor.name === '' ? '' : `:${tensor.name}`}` : `'${tensor.name}'`;
  };
  const lines = program.tensors
    .filter((tensor) => tensor.role !== 'temporary')
    .map((tensor) => `${tensor.role} '${tensor.name}' ${describeType(tensor.type)}`);
  lines.push(...program.scalars.map((scalar) => `scalar $${scalar.scalar} ${scalar.type}`));
  for (const call of program.calls) {
    const params = Object.entries(call.params)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${key}=${isRecordedScalar(value) ? `$${value.scalar}` : JSON.stringify(value)}`)
      .join('');
    const outputs = call.outputs.map((id) => `${name(id)} ${describeType(program.tensors[id]!.type)}`).join(', ');
    const inputs = call.inputs.map((id, position) => `${call.updates.includes(position) ? '&' : ''}${name(id)}`);
    lines.push(`${outputs === '' ? '' : `${outputs} = `}${call.kernel}(${inputs.join(', ')})${params}`);
  }
  return lines.join('\n');
}

export interface ProgramSummary extends Cost {
  readonly calls: number;
  readonly callsByKernel: Readonly<Record<string, number>>;
  readonly arenaBytes: number;
  readonly parameterBytes: number;
  readonly stateBytes: number;
}

/** Counts of a program at its maximal extents. Calls of kernels not in `kernels` count no work. */
export function summarizeProgram(program: Program, kernels: readonly AnyKernel[]): ProgramSummary {
  const byName = new Map(kernels.map((kernel) => [kernel.name, kernel]));
  const callsByKernel: Record<string, number> = {};
  let flops = 0;
  let bytes = 0;
  for (const call of program.calls) {
    callsByKernel[call.kernel] = (callsByKernel[call.kernel] ?? 0) + 1;
    const types = call.inputs.map((id) => program.tensors[id]!.type);
    const cost = byName.get(call.kernel)?.cost(types, call.params);
    flops += cost?.flops ?? 0;
    bytes += cost?.bytes ?? 0;
  }
  const sum = (role: string): number =>
    program.tensors.reduce((total, { role: own, type }) => total + (own === role ? byteLength(type) : 0), 0);
  return {
    calls: program.calls.length,
    callsByKernel,
    flops,
    bytes,
    arenaBytes: planArena(program).bytes,
    parameterBytes: sum('parameter'),
    stateBytes: sum('state'),
  };
}
