/** Fused calls in the kernels that they are made of, where a backend lacks them. */
import type { CallDescription, Program, ProgramCall } from '@yoco-u/spec';

/** A program's call as a backend judges it. */
export function describeCall({ tensors }: Program, { kernel, inputs, outputs, params }: ProgramCall): CallDescription {
  const types = (ids: readonly number[]) => ids.map((id) => tensors[id]!.type);
  return { kernel, inputs: types(inputs), outputs: types(outputs), params };
}

/**
 * The program with every fused call that is not supported replaced by its expansion. Calls without one stay as they are, supported
 * or not.
 */
export function expandProgram(program: Program, supports: (call: CallDescription) => boolean): Program {
  const expand = (call: ProgramCall): readonly ProgramCall[] =>
    call.expansion === undefined || supports(describeCall(program, call)) ? [call] : call.expansion.flatMap(expand);
  return { ...program, calls: program.calls.flatMap(expand) };
}
