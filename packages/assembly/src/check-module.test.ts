import { describe, expect, test } from 'vitest';
import { checkModule, sectionIds } from './check-module.ts';

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];
const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];
const memoryImport = (from = 'env'): number[] => section(2, 1, ...text(from), ...text('memory'), 2, 0, 1);
const functionType = section(1, 1, 0x60, 0, 0);
const functions = section(3, 1, 0);
const exported = section(7, 1, ...text('f'), 0, 0);
const code = section(10, 1, 2, 0, 0x0b);
const data = section(11, 1, 0, 0x41, 0, 0x0b, 1, 7);
const moduleOf = (...sections: number[][]): Uint8Array<ArrayBuffer> => new Uint8Array([...header, ...sections.flat()]);
const rules = { name: 'sample', table: false };

describe('checkModule', () => {
  test('accepts functions over an imported memory', () => {
    checkModule(moduleOf(functionType, memoryImport(), functions, exported, code), rules);
  });

  test('refuses another import', () => {
    const module = moduleOf(functionType, memoryImport('host'), functions, exported, code);
    expect(() => checkModule(module, rules)).toThrow('sample: expected imports env.memory, got host.memory');
  });

  test('refuses a data segment', () => {
    const module = moduleOf(functionType, memoryImport(), functions, exported, code, data);
    expect(() => checkModule(module, rules)).toThrow('no data segment');
  });

  test('refuses a start function', () => {
    const start = section(8, 0);
    const module = moduleOf(functionType, memoryImport(), functions, exported, start, code);
    expect(() => checkModule(module, rules)).toThrow('no start function');
  });

  test('refuses a module without functions', () => {
    expect(() => checkModule(moduleOf(memoryImport()), rules)).toThrow('got none');
  });

  test('lists sections in order', () => {
    expect(sectionIds(moduleOf(functionType, memoryImport(), functions, exported, code))).toEqual([1, 2, 3, 7, 10]);
  });
});
