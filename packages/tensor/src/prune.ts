/** Drops calls that neither reach an output nor update a state, and tensors that no call uses any more. */
import type { Program, ProgramCall } from '@yoco-u/spec';

export function prune(program: Program): Program {
  const needed = new Set<number>();
  const need = ({ inputs, outputs, expansion = [] }: ProgramCall): void => {
    for (const id of [...inputs, ...outputs]) needed.add(id);
    expansion.forEach(need);
  };
  const kept: ProgramCall[] = [];
  for (let index = program.calls.length - 1; index >= 0; index--) {
    const call = program.calls[index]!;
    const reaches = call.outputs.some((id) => needed.has(id) || program.tensors[id]!.role === 'output');
    if (!reaches && call.updates.length === 0) continue;
    need(call);
    kept.push(call);
  }
  kept.reverse();
  const place = new Map<number, number>();
  const tensors = program.tensors.filter((_, id) => {
    if (needed.has(id)) place.set(id, place.size);
    return needed.has(id);
  });
  const moved = (call: ProgramCall): ProgramCall => ({
    ...call,
    inputs: call.inputs.map((id) => place.get(id)!),
    outputs: call.outputs.map((id) => place.get(id)!),
    ...(call.expansion === undefined ? {} : { expansion: call.expansion.map(moved) }),
  });
  return { tensors, scalars: program.scalars, calls: kept.map(moved) };
}
