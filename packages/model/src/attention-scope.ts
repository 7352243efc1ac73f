/** What a variant records with, and the check of what it gives back: its mistakes are reported under its own name. */
import { type AnyAttentionVariant, type AttentionScope, type RowBatch, ShapeError, type Tensor } from '@yoco-u/spec';
import { describeType, f32, sameType, tensorType } from '@yoco-u/tensor';

export interface ScopeOptions {
  /** Index of the stage in the config. */
  readonly stage: number;
  readonly variant: AnyAttentionVariant;
  readonly batch: RowBatch;
  readonly pageTable: Tensor | undefined;
  /** Names that the variant declares for this scope. */
  declared(kind: 'parameter' | 'state'): readonly string[];
  parameter(name: string): Tensor;
  /** Undefined for any name in a program without memory. */
  state(name: string): Tensor | undefined;
  label(tensor: Tensor, name: string): void;
}

/** For messages: `config.stages[0]: attention 'full'`. */
export function whereOf(stage: number, variant: AnyAttentionVariant): string {
  return `config.stages[${stage}]: attention '${variant.name}'`;
}

/** A scope that throws `ShapeError` for names that the variant does not declare, with memory and without. */
export function createScope({ stage, variant, batch, pageTable, declared, ...find }: ScopeOptions): AttentionScope {
  const check = (kind: 'parameter' | 'state', name: string): void => {
    const names = declared(kind);
    if (names.includes(name)) return;
    throw new ShapeError({
      where: whereOf(stage, variant),
      expected: `a ${kind} that the variant declares (${names.join(', ') || 'none here'})`,
      got: `'${name}'`,
    });
  };
  return {
    batch,
    pageTable,
    parameter(name) {
      check('parameter', name);
      return find.parameter(name);
    },
    state(name) {
      check('state', name);
      return find.state(name);
    },
    label: find.label,
  };
}

/** The result of `apply`. Throws `ShapeError` for anything but a tensor f32 [maxRows, C]. */
export function checkResult(where: string, result: unknown, maxRows: number, hiddenSize: number): Tensor {
  const wanted = tensorType(f32, maxRows, hiddenSize);
  if (isTensor(result) && sameType(result.type, wanted)) return result;
  throw new ShapeError({
    where,
    expected: `that 'apply' returns ${describeType(wanted)}`,
    got: isTensor(result) ? describeType(result.type) : Array.isArray(result) ? 'a list' : String(result),
    ...(Array.isArray(result) ? { fix: "return an element of the call's list of outputs" } : {}),
  });
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'id' in value && 'type' in value;
}
