/** What people are told where there is no WebGPU. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Creates a backend in a process of its own, and returns what it says. */
function createIn(environment: Readonly<Record<string, string>>, before = ''): string {
  const index = new URL('index.ts', import.meta.url).href;
  const script = `${before}
    const { createWebGpuBackend } = await import('${index}');
    await createWebGpuBackend().then(() => console.log('created'), (error) => console.log(error.code + ': ' + error.message));`;
  const parameters = ['--no-warnings', '--conditions=@yoco-u/source', '--input-type=module', '--eval', script];
  const { stdout } = spawnSync(process.execPath, parameters, { env: { ...process.env, ...environment } });
  return String(stdout).trim();
}

test('without a driver the message says what to install', () => {
  const message = createIn({ VK_ICD_FILENAMES: '/nowhere.json' });
  expect(message).toContain(
    'backend: createWebGpuBackend: expected a graphics adapter, got none; install a Vulkan driver',
  );
});

test('without the npm package the message says how to install it', () => {
  const message = createIn(
    {},
    `import { registerHooks } from 'node:module';
     registerHooks({ resolve(name, context, next) {
       if (name === 'webgpu') throw Object.assign(new Error("Cannot find package 'webgpu'"), { code: 'ERR_MODULE_NOT_FOUND' });
       return next(name, context);
     } });`,
  );
  expect(message).toBe(
    "backend: createWebGpuBackend: expected the npm package 'webgpu', got none; npm install webgpu, or use the wasm backend",
  );
});

test('a process ends by itself, the backend disposed or not', () => {
  expect(createIn({})).toBe('created');
});
