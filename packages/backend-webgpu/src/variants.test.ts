/** Which variants fit which devices. */
import { describe, expect, test } from 'vitest';
import type { AdapterFacts } from './adapter.ts';
import { variants, variantsFor } from './variants.ts';

const gpu: AdapterFacts = {
  name: 'a card',
  isFallback: false,
  extensions: ['f16', 'subgroups'],
  immediateBytes: 64,
  workgroupBytes: 32_768,
  workgroupSize: 256,
  bindingBytes: 2 ** 30,
};
const namesFor = (facts: AdapterFacts, wanted?: string) => variantsFor(facts, wanted).map(({ name }) => name);

describe('the first choice', () => {
  test('of a GPU is subgroups, else workgroup memory, of a CPU registers', () => {
    expect(namesFor(gpu)[0]).toBe('subgroups-f32-immediates');
    expect(namesFor({ ...gpu, extensions: [] })[0]).toBe('workgroup-f32-immediates');
    expect(namesFor({ ...gpu, isFallback: true })[0]).toBe('registers-f32-immediates');
  });

  test('leaves out what the device does not have', () => {
    expect(namesFor({ ...gpu, immediateBytes: 0 })).toEqual([
      'subgroups-f32-uniforms',
      'workgroup-f32-uniforms',
      'registers-f32-uniforms',
    ]);
    expect(namesFor({ ...gpu, workgroupBytes: 8192, immediateBytes: 0 })).toEqual(['registers-f32-uniforms']);
    expect(namesFor({ ...gpu, workgroupSize: 128, immediateBytes: 0 })).toEqual(['registers-f32-uniforms']);
  });
});

describe('a forced one', () => {
  test('has all parts that were named, whatever the adapter', () => {
    expect(namesFor(gpu, 'uniforms')[0]).toBe('subgroups-f32-uniforms');
    expect(namesFor(gpu, 'workgroup')).toEqual(['workgroup-f32-immediates', 'workgroup-f32-uniforms']);
    expect(namesFor(gpu, 'registers')[0]).toBe('registers-f32-immediates');
    expect(namesFor(gpu, 'uniforms-registers')).toEqual(['registers-f32-uniforms']);
    for (const { name } of variants) expect(namesFor(gpu, name)).toEqual([name]);
    expect(namesFor(gpu, 'f16')[0]).toBe('subgroups-f16-immediates');
    expect(namesFor(gpu).filter((name) => name.includes('f16'))).toEqual([]);
  });

  test('that is not known, or not to be had, is refused', () => {
    expect(() => variantsFor(gpu, 'register')).toThrow("joined by '-', got 'register'");
    expect(() => variantsFor({ ...gpu, extensions: [] }, 'f16')).toThrow("'f16' on a card: no f16");
    expect(() => variantsFor({ ...gpu, extensions: [] }, 'subgroups')).toThrow("'subgroups' on a card: no subgroups");
    expect(() => variantsFor({ ...gpu, immediateBytes: 0 }, 'immediates')).toThrow(
      "expected one that the device can run, got 'immediates' on a card: no immediate values; leave it out",
    );
  });
});
