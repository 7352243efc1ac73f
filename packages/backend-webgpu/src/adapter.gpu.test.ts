/** What people are told where there is no WebGPU. */
import { spawnSync } from 'node:child_process';
import { f32, linear, tensorType } from '@yoco-u/tensor';
import { expect, test } from 'vitest';
import { openDevice } from './adapter.ts';
import { createWebGpuBackend } from './index.ts';
import { record, runProgram } from './testing.ts';

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

/** A program in which the import of the npm package fails with this message. */
const failingImport = (message: string): string =>
  `import { registerHooks } from 'node:module';
   registerHooks({ resolve(name, context, next) {
     if (name === 'webgpu') throw new Error(${JSON.stringify(message)});
     return next(name, context);
   } });`;

test('without the npm package the message says how to install it', () => {
  expect(createIn({}, failingImport("Cannot find package 'webgpu' imported from here"))).toBe(
    "backend: createWebGpuBackend: expected the npm package 'webgpu', got none; npm install webgpu (with npx: -p webgpu), or use the wasm backend",
  );
});

test.each([
  "Cannot find module '/node_modules/webgpu/dist/aix-ppc64/dawn.node'",
  "/lib/libc.so.6: version `GLIBC_2.38' not found (required by /node_modules/webgpu/dist/linux-x64/dawn.node)",
])('a package that does not load here says why: %s', (why) => {
  expect(createIn({}, failingImport(`${why}\nRequire stack:\n- here`))).toBe(
    `backend: createWebGpuBackend: expected the npm package 'webgpu', got Error: ${why}; see whether it has a build for ${process.platform} ${process.arch} and this system's libraries, or use the wasm backend`,
  );
});

test('a process ends by itself, the backend disposed or not', () => {
  expect(createIn({})).toBe('created');
});

test('waiting for an adapter that runs on the CPU leaves the CPU to it', async () => {
  const { device, facts } = await openDevice();
  device.destroy();
  if (!facts.isFallback) return;
  await using backend = await createWebGpuBackend();
  const program = record((graph) => {
    const weight = graph.declare('parameter', 'weight', tensorType(backend.matrixFormat, 512, 512));
    return { y: graph.call(linear, [graph.declare('input', 'x', tensorType(f32, 512, 512)), weight], {})[0]! };
  });
  const original = globalThis.setImmediate;
  let asked = 0;
  globalThis.setImmediate = ((...values: Parameters<typeof setImmediate>) => {
    asked += 1;
    return original(...values);
  }) as typeof setImmediate;
  try {
    await runProgram(backend, program, {});
  } finally {
    globalThis.setImmediate = original;
  }
  // the package asks tens of thousands of times
  expect(asked).toBeLessThan(100);
});
