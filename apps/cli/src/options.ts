/** Option values, checked where they are read. */
import { InvalidArgumentError } from 'commander';

export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    const open = most === Number.MAX_SAFE_INTEGER && !(value > most);
    const bound = open ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`expected an integer ${bound}, got '${text}'`);
  };
}

export function decimal(least: number, most = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value >= least && value <= most) return value;
    const bound = most === Number.POSITIVE_INFINITY ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`expected a number ${bound}, got '${text}'`);
  };
}

/** Options of every command that loads a model. */
export interface ModelOptions {
  readonly backend: 'wasm' | 'webgpu' | 'reference' | 'auto';
  readonly threads?: number;
  readonly simd?: 'relaxed' | 'baseline';
  readonly variant?: string;
  readonly context?: number;
  readonly iterations?: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}
