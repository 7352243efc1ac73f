/** How suites say what is wrong. */
import { type ErrorFacts, YocoError } from '@yoco-u/spec';

/** A subject that breaks its contract. */
export class ConformanceError extends YocoError {
  constructor(facts: ErrorFacts | string, options?: ErrorOptions) {
    super('conformance', facts, options);
  }
}

/** Throws `ConformanceError` unless the condition holds. */
export function expectThat(holds: boolean, where: string, expected: string, got: unknown): asserts holds {
  if (!holds) throw new ConformanceError({ where, expected, got: String(got) });
}

/** Throws unless both print alike as JSON. */
export function expectEqual(where: string, got: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  expectThat(left === right, where, right ?? 'undefined', left);
}

/**
 * Throws unless the action throws (or rejects with) an error of one of these codes whose message mentions all of `mentions`.
 * Returns the error.
 */
export async function expectError(
  where: string,
  codes: string | readonly string[],
  action: () => unknown,
  ...mentions: readonly string[]
): Promise<YocoError> {
  const wanted = `an error of code ${[codes].flat().join(' or ')}`;
  let thrown: unknown;
  try {
    await action();
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) throw new ConformanceError({ where, expected: wanted, got: 'none' });
  if (!YocoError.isInstance(thrown) || ![codes].flat().includes(thrown.code)) {
    const got = YocoError.isInstance(thrown) ? `${thrown.code}: ${thrown.message}` : String(thrown);
    throw new ConformanceError({ where, expected: wanted, got }, { cause: thrown });
  }
  for (const mention of mentions) {
    expectThat(thrown.message.includes(mention), where, `a message with '${mention}'`, thrown.message);
  }
  return thrown;
}
