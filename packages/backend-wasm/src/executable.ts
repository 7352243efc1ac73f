/** A compiled program, and its bindings to buffers. */
import {
  type Binding,
  type DeviceBuffer,
  DisposedError,
  type Executable,
  type Program,
  type ScalarValues,
} from '@yoco-u/spec';
import { checkBuffers, planArena, scalarValue } from '@yoco-u/tensor';
import type { Arena } from './arena.ts';
import type { EncodedProgram } from './encode.ts';
import { blockAlignment, type LinearMemory } from './memory.ts';
import type { CommandList, Team } from './team.ts';
import { bitsOf } from './words.ts';

/** A buffer of this backend. */
export interface WasmBuffer extends DeviceBuffer {
  readonly address: number;
  /** Bindings that use it: they end with it. */
  readonly bindings: Set<Disposable>;
}

export interface ExecutableContext {
  readonly memory: LinearMemory;
  readonly arena: Arena;
  readonly team: Team;
  /** The buffer as this backend's own. Throws `DisposedError` for one that is not alive. */
  own(buffer: DeviceBuffer): WasmBuffer;
}

/** The workspace follows the temporaries in the arena. */
export function createExecutable(context: ExecutableContext, given: Program, encoded: EncodedProgram): Executable {
  const { program } = encoded;
  const plan = planArena(program);
  const workspaceOffset = Math.ceil(plan.bytes / blockAlignment) * blockAlignment;
  const arenaBytes = workspaceOffset + encoded.workspaceBytes;
  const key = Symbol('executable');
  context.arena.join(key, arenaBytes);
  const bindings = new Set<Binding>();
  let disposed = false;
  return {
    program: given,
    arenaBytes,
    dispatches(values) {
      for (const scalar of program.scalars) scalarValue(scalar, values);
      return encoded.entries;
    },
    bind(buffers) {
      if (disposed) throw new DisposedError('executable');
      checkBuffers(program, buffers);
      const addresses = program.tensors.map(({ role, name }) =>
        role === 'temporary' ? undefined : context.own(buffers[name]!),
      );
      const binding = bind(context, encoded, {
        buffers: addresses,
        arenaOffset: (id) => plan.offsets[id]!,
        workspaceOffset,
        onDispose: () => void bindings.delete(binding),
      });
      bindings.add(binding);
      return binding;
    },
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      for (const binding of bindings) binding[Symbol.dispose]();
      context.arena.leave(key);
    },
  };
}

interface Places {
  /** By tensor id; undefined for temporaries. */
  readonly buffers: readonly (WasmBuffer | undefined)[];
  arenaOffset(id: number): number;
  readonly workspaceOffset: number;
  onDispose(): void;
}

function bind(context: ExecutableContext, encoded: EncodedProgram, places: Places): Binding {
  const { memory, arena, team } = context;
  const { program, image, relocations, listOffset, entries, titles } = encoded;
  const block = memory.allocate(image.byteLength, 'program');
  const start = block.address >>> 2;
  memory.words.set(image, start);
  const place = (): void => {
    for (const { word, base, value } of relocations) {
      if (base === 'block') memory.words[start + word] = block.address + value;
      else if (base === 'workspace') memory.words[start + word] = arena.address + places.workspaceOffset;
      else {
        const buffer = places.buffers[value];
        memory.words[start + word] = buffer?.address ?? arena.address + places.arenaOffset(value);
      }
    }
  };
  place();
  const stopListening = arena.onMove(place);
  const list: CommandList = {
    address: block.address + listOffset,
    entries,
    describe: (entry) => `run: ${titles[entry]}`,
  };
  const { scalars } = program;
  let disposed = false;
  const binding: Binding = {
    run(values?: ScalarValues) {
      if (disposed) throw new DisposedError('binding (or a buffer of it)');
      for (let index = 0; index < scalars.length; index++) {
        const scalar = scalars[index]!;
        memory.words[start + index] = bitsOf(scalarValue(scalar, values), scalar.type);
      }
      if (entries > 0) team.run(list);
    },
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      stopListening();
      for (const buffer of places.buffers) buffer?.bindings.delete(binding);
      memory.free(block);
      places.onDispose();
    },
  };
  for (const buffer of places.buffers) buffer?.bindings.add(binding);
  return binding;
}
