/** Settings from the environment. */
import { ConfigError } from '@yoco-u/spec';

export interface Settings {
  readonly models: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly sequences: number;
  readonly prefixCacheBytes: number;
  readonly backend: 'wasm' | 'webgpu' | 'auto';
  readonly graceMs: number;
  readonly memoryBytes?: number;
  readonly threads?: number;
  /** A file of hashed keys. */
  readonly keyFile?: string;
  /** One key, as secrets of a container come. */
  readonly key?: string;
}

/** Throws `ConfigError` that names the variable. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const text = (name: string): string | undefined => environment[name] || undefined;
  const integer = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined || /^\d{1,15}$/.test(value)) return value === undefined ? undefined : Number(value);
    throw new ConfigError({ where: name, expected: 'an integer from 0 on', got: `'${value}'` });
  };
  const models = text('YOCO_U_MODELS')?.split(',') ?? [];
  if (models.length === 0) {
    throw new ConfigError({ where: 'YOCO_U_MODELS', expected: 'model folders, separated by commas', got: 'none' });
  }
  const backend = text('YOCO_U_BACKEND') ?? 'wasm';
  if (backend !== 'wasm' && backend !== 'webgpu' && backend !== 'auto') {
    throw new ConfigError({ where: 'YOCO_U_BACKEND', expected: 'wasm, webgpu or auto', got: `'${backend}'` });
  }
  const optional = {
    memoryBytes: integer('YOCO_U_MEMORY_BYTES'),
    threads: integer('YOCO_U_THREADS'),
    keyFile: text('YOCO_U_API_KEYS'),
    key: text('YOCO_U_API_KEY'),
  };
  return {
    models,
    host: text('YOCO_U_HOST') ?? '127.0.0.1',
    port: integer('PORT') ?? 8080,
    sequences: integer('YOCO_U_SEQUENCES') ?? 8,
    prefixCacheBytes: integer('YOCO_U_PREFIX_CACHE_BYTES') ?? 2 ** 28,
    backend,
    graceMs: 1000 * (integer('YOCO_U_GRACE_SECONDS') ?? 30),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}
