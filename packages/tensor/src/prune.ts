/** Drops calls that neither reach an output nor update a state, and tensors that no call uses any more. */
import type { Program } from '@yoco-u/spec';

export function prune(program: Program): Program {
  const needed = new Set<number>();
  const kept = [];
  for (let index = program.calls.length - 1; index >= 0; index--) {
    const call = program.calls[index]!;
    const reaches = call.outputs.some((id) => needed.has(id) || program.tensors[id]!.role === 'output');
    if (!reaches && call.updates.length === 0) continue;
    for (const id of [...call.inputs, ...call.outputs]) needed.add(id);
    kept.push(call);
  }
  kept.reverse();
  const place = new Map<number, number>();
  const tensors = program.tensors.filter((_, id) => {
    if (needed.has(id)) place.set(id, place.size);
    return needed.has(id);
  });
  return {
    tensors,
    scalars: program.scalars,
    calls: kept.map((call) => ({
      ...call,
      inputs: call.inputs.map((id) => place.get(id)!),
      outputs: call.outputs.map((id) => place.get(id)!),
    })),
  };
}
