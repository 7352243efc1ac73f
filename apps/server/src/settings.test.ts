import { describe, expect, test } from 'vitest';
import { readSettings } from './settings.ts';

describe('settings of the environment', () => {
  test('have defaults for all but the models', () => {
    expect(readSettings({ YOCO_U_MODELS: '/a,/b', YOCO_U_HOST: '' })).toEqual({
      models: ['/a', '/b'],
      host: '127.0.0.1',
      port: 8080,
      sequences: 8,
      prefixCacheBytes: 2 ** 28,
      backend: 'wasm',
      graceMs: 30_000,
    });
    expect(readSettings({ YOCO_U_MODELS: '/a', PORT: '0', YOCO_U_THREADS: '2' })).toMatchObject({
      port: 0,
      threads: 2,
    });
  });

  test.each([
    [{}, 'YOCO_U_MODELS'],
    [{ YOCO_U_MODELS: '/a', PORT: 'http' }, 'PORT'],
    [{ YOCO_U_MODELS: '/a', YOCO_U_BACKEND: 'cuda' }, 'YOCO_U_BACKEND'],
    [{ YOCO_U_MODELS: '/a', YOCO_U_MEMORY_BYTES: '-1' }, 'YOCO_U_MEMORY_BYTES'],
  ])('that cannot be used are named: %j', (environment, name) => {
    expect(() => readSettings(environment)).toThrow(name);
  });
});
