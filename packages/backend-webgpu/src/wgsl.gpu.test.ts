/** Every pinned text, before the compiler: the forms that this adapter does not choose, too. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDevice } from './adapter.ts';

const extensions = [
  { text: 'f16', feature: 'shader-f16' },
  { text: 'subgroups', feature: 'subgroups' },
] as const;
const folder = new URL('../wgsl/', import.meta.url);

let device: GPUDevice;
beforeAll(async () => {
  ({ device } = await openDevice());
});
afterAll(() => device.destroy());

test.each(readdirSync(folder))('%s is valid', async (name) => {
  for (const code of readFileSync(new URL(name, folder), 'utf8').split('\n// ----\n')) {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code });
    const error = await device.popErrorScope();
    const absent = extensions.find(
      ({ text, feature }) => code.includes(`enable ${text};`) && !device.features.has(feature),
    );
    if (absent !== undefined) {
      expect(error?.message, code).toContain(`extension '${absent.text}'`);
      continue;
    }
    expect(error?.message, code).toBeUndefined();
    expect((await module.getCompilationInfo()).messages.map(({ message }) => message)).toEqual([]);
  }
});
