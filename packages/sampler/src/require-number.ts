/** Range checks of settings, with messages that name the field, the range and the fix. */
import { RequestError } from '@yoco-u/spec';

/** The numbers a setting accepts; both bounds are included unless `above` is given. */
export interface NumberRange {
  readonly minimum?: number;
  /** An excluded lower bound. */
  readonly above?: number;
  readonly maximum?: number;
  readonly integer?: boolean;
  /** What the caller can do; by default the range is repeated as advice. */
  readonly fix?: string;
}

/** Throws `RequestError` unless `value` is a finite number of the range. */
export function requireNumber(
  where: string,
  field: string,
  value: unknown,
  range: NumberRange,
): asserts value is number {
  const valid =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (range.integer !== true || Number.isInteger(value)) &&
    (range.minimum === undefined || value >= range.minimum) &&
    (range.above === undefined || value > range.above) &&
    (range.maximum === undefined || value <= range.maximum);
  if (valid) return;
  throw new RequestError({
    where: `${where}: ${field}`,
    expected: describe(range),
    got: typeof value === 'number' ? String(value) : `${value === null ? 'null' : typeof value} ${show(value)}`.trim(),
    fix: range.fix ?? `set ${field} inside this range or leave it out`,
  });
}

function describe(range: NumberRange): string {
  const kind = range.integer === true ? 'an integer' : 'a finite number';
  const lower = range.above === undefined ? undefined : `above ${range.above}`;
  const minimum = range.minimum === undefined ? lower : `of at least ${range.minimum}`;
  const maximum = range.maximum === undefined ? undefined : `at most ${range.maximum}`;
  return [kind, [minimum, maximum].filter((part) => part !== undefined).join(' and ')].join(' ').trim();
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : '';
}
