/** The states of a model: caches and recurrent states, one set an iteration and layer, as the variants declare them. */
import {
  type AnyAttentionVariant,
  ShapeError,
  type StateCapacity,
  type StateSpec,
  type TensorType,
} from '@yoco-u/spec';
import { whereOf } from './attention-scope.ts';
import type { ModelConfig } from './config.ts';

export interface ModelState extends StateSpec {
  /** Unique in the model, e.g. `stage.0.iteration.2.layer.1.window`. */
  readonly name: string;
}

/** How many sequences and pages a program's states hold. */
export interface MemoryShape extends StateCapacity {
  /** Sequences that `fixed` and `ring` states have room for. */
  readonly slots: number;
  /** Pages that `append` states have room for, all sequences together. */
  readonly pages: number;
}

export function stageStateName(stage: number, name: string): string {
  return `stage.${stage}.${name}`;
}

export function layerStateName(stage: number, iteration: number, layer: number, name: string): string {
  return `stage.${stage}.iteration.${iteration}.layer.${layer}.${name}`;
}

/** Throws `ShapeError` for a state that a variant declares with a kind or sizes that no memory can have. */
export function listStates(config: ModelConfig, capacity: StateCapacity): readonly ModelState[] {
  const states: ModelState[] = [];
  config.stages.forEach((stage, s) => {
    const shared = stage.layers.find(({ variant }) => variant.stageState !== undefined);
    for (const state of shared?.variant.stageState?.(shared.config, capacity) ?? []) {
      checkState(s, shared!.variant, state);
      states.push({ ...state, name: stageStateName(s, state.name) });
    }
    for (let iteration = 0; iteration < stage.iterations; iteration++) {
      stage.layers.forEach(({ variant, config: attention }, l) => {
        for (const state of variant.state(attention, capacity)) {
          checkState(s, variant, state);
          states.push({ ...state, name: layerStateName(s, iteration, l, state.name) });
        }
      });
    }
  });
  return states;
}

const kinds: readonly string[] = ['fixed', 'ring', 'append'] satisfies readonly StateSpec['kind'][];

function checkState(stage: number, variant: AnyAttentionVariant, { name, kind, entry }: StateSpec): void {
  const refuse = (expected: string, got: string): never => {
    throw new ShapeError({ where: `${whereOf(stage, variant)}: state '${name}'`, expected, got });
  };
  if (!kinds.includes(kind)) refuse(`a kind (${kinds.join(', ')})`, `'${kind}'`);
  const sizes = entry.shape;
  if (sizes.every((size) => Number.isSafeInteger(size) && size > 0)) return;
  refuse('an entry of integer sizes > 0', `[${sizes.join(', ')}]`);
}

/** The tensor that holds a state for all slots, or all pages. */
export function stateType(state: StateSpec, memory: MemoryShape): TensorType {
  const entries = state.kind === 'append' ? memory.pages : memory.slots;
  return { ...state.entry, shape: [entries, ...state.entry.shape] };
}

/** Pages that the longest sequence needs. */
export function pagesPerSequence(capacity: StateCapacity): number {
  return Math.ceil(capacity.contextLength / capacity.pageLength);
}
