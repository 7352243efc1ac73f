/** Checks that every backend makes when a program is bound and run. */
import { type DeviceBuffer, type Program, type Scalar, type ScalarValues, ShapeError, type Value } from '@yoco-u/spec';
import { describeType, sameType } from './shape.ts';

/**
 * Throws `ShapeError` unless `buffers` has exactly one buffer of the right type for every bound name of the program, and
 * whatever the program writes (states, outputs) is bound under that name only.
 */
export function checkBuffers(program: Program, buffers: Readonly<Record<string, DeviceBuffer>>): void {
  const bound = new Map(
    program.tensors.filter(({ role }) => role !== 'temporary').map((tensor) => [tensor.name, tensor]),
  );
  for (const [name, { role, type }] of bound) {
    const buffer = Object.hasOwn(buffers, name) ? buffers[name] : undefined;
    if (buffer === undefined) {
      throw new ShapeError({
        where: 'bind',
        expected: `a buffer for ${role} '${name}' ${describeType(type)}`,
        got: 'none',
      });
    }
    if (!sameType(buffer.type, type)) {
      throw new ShapeError({
        where: `bind: ${role} '${name}'`,
        expected: describeType(type),
        got: describeType(buffer.type),
      });
    }
  }
  const written = new Map<DeviceBuffer, string>();
  for (const [name, { role }] of bound) {
    if (role === 'state' || role === 'output') written.set(buffers[name]!, name);
  }
  for (const [name, buffer] of Object.entries(buffers)) {
    const owner = written.get(buffer);
    if (owner !== undefined && owner !== name) {
      throw new ShapeError({
        where: 'bind',
        expected: `a buffer of its own for '${owner}', which the program writes`,
        got: `the buffer of '${name}'`,
      });
    }
    if (bound.has(name)) continue;
    throw new ShapeError({
      where: 'bind',
      expected: `names of the program (${[...bound.keys()].slice(0, 8).join(', ')}, …)`,
      got: `'${name}'`,
    });
  }
}

/** A scalar, and the largest value that it may have where there is one. */
export interface LimitedScalar extends Scalar {
  readonly most?: number | undefined;
}

/** The value of a scalar in a run. Throws `ShapeError` when it is missing, not a number of its type, or too large. */
export function scalarValue(scalar: LimitedScalar, values: ScalarValues | undefined): number {
  const value = values?.[scalar.scalar];
  const { type, most = Number.POSITIVE_INFINITY } = scalar;
  if (typeof value === 'number' && (type === 'f32' || ((value | 0) === value && value <= most))) return value;
  const expected = scalar.most === undefined ? `an ${type}` : `an ${type} of at most ${scalar.most}`;
  throw new ShapeError({ where: `run: scalar '${scalar.scalar}'`, expected, got: String(value) });
}

/** True for a value that is only known when running. */
export function isScalar(value: Value): value is Scalar {
  return typeof value === 'object';
}
