/** `auto` on a real device: whichever is faster, both were measured or it is said why not. */
import { spawnSync } from 'node:child_process';
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { expect, test } from 'vitest';
import { loadModelFrom } from './index.ts';
import { greedyIds, recorded, storiesFolder } from './testing.ts';

test('auto loads a model onto one of the two', async () => {
  await using folder = await openModelFolder(storiesFolder.pathname);
  await using loaded = await loadModelFrom(folder, { backend: 'auto', threads: 1 });
  expect(loaded.backend.description).toMatch(
    /^(wasm|webgpu), .* · auto(, tried: wasm prefill .* tokens\/s; webgpu prefill .* tokens\/s|: webgpu .* was not ready after 10 s)/,
  );
  // nothing of the trial is left
  const held = loaded.backend.memory();
  expect(await greedyIds(loaded)).toEqual(recorded.ids);
  expect(loaded.backend.memory()).toEqual(held);
});

test('auto without a driver says so, and takes WASM', () => {
  const script = `const { openModelFolder } = await import('@yoco-u/checkpoint/node');
    const { loadModelFrom } = await import('${new URL('index.ts', import.meta.url).href}');
    await using folder = await openModelFolder('${storiesFolder.pathname}');
    await using loaded = await loadModelFrom(folder, { backend: 'auto', threads: 1 });
    console.log(loaded.backend.id, loaded.backend.description);`;
  const parameters = ['--no-warnings', '--conditions=@yoco-u/source', '--input-type=module', '--eval', script];
  const env = { ...process.env, VK_ICD_FILENAMES: '/nowhere.json' };
  const { stdout } = spawnSync(process.execPath, parameters, { env, cwd: import.meta.dirname });
  expect(String(stdout)).toMatch(/^wasm wasm, .* · auto: no webgpu: .*got none; install a Vulkan driver/);
});
