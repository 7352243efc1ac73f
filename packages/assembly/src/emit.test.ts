import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { embedModule, outputPath } from './emit.ts';

let folder: string;
const write = async (name: string, source: string): Promise<string> => {
  const entry = join(folder, 'assembly', `${name}.ts`);
  await writeFile(entry, source);
  return entry;
};
const embedded = (text: string, variant: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text.match(new RegExp(`const ${variant} = '(.*)'`))![1]!, 'base64'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assembly-'));
  await mkdir(join(folder, 'assembly'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a kernel is embedded twice, with relaxed SIMD and without, and the same sources give the same text', async () => {
  const entry = await write(
    'multiply-add',
    `import { fma } from 'kernel/simd';
    export function f(at: usize): void { v128.store(at, fma(v128.load(at), v128.load(at, 16), v128.load(at, 32))); }`,
  );
  expect(outputPath(entry)).toBe(join(folder, 'multiply-add.wasm.ts'));
  const text = await embedModule({ entry });
  expect(text).toContain('export const multiplyAddModule: WasmModuleSource');
  expect(await embedModule({ entry })).toBe(text);
  for (const variant of ['relaxed', 'baseline']) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(embedded(text, variant)), { env: { memory } });
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    (instance.exports.f as (at: number) => void)(0);
    expect([...floats.subarray(0, 4)]).toEqual([14, 22, 32, 44]);
  }
});

test('a kernel with a literal that needs a data segment is refused', async () => {
  const entry = await write(
    'table',
    'const t: StaticArray<i32> = [1, 2, 3]; export function f(i: i32): i32 { return t[i]; }',
  );
  await expect(embedModule({ entry })).rejects.toThrow('no data segment');
});

test('a mistake in a kernel is reported with its place', async () => {
  const entry = await write('mistake', 'export function f(): i32 { return g(); }');
  await expect(embedModule({ entry })).rejects.toThrow(/Cannot find name 'g'[\s\S]*mistake\.ts/);
});
