/** Who chooses WASM pays nothing for WebGPU, and is not hurt by it. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Runs a script in a process in which WebGPU, and every package that would use it, throws. */
function runWithoutWebGpu(script: string): { readonly out: string; readonly error: string } {
  const before = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      const found = next(name, context);
      if (/[/]backend-webgpu[/]|[/]webgpu[/]index[.]js$/.test(found.url)) throw new Error('touched ' + name);
      return found;
    } });
    Object.defineProperty(navigator, 'gpu', { get() { throw new Error('touched navigator.gpu'); } });
    const { createBackend, loadModelFrom } = await import('${new URL('index.ts', import.meta.url).href}');
    ${script}`;
  const parameters = ['--no-warnings', '--conditions=@yoco-u/source', '--input-type=module', '--eval', before];
  const { stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: import.meta.dirname });
  return { out: String(stdout).trim(), error: String(stderr) };
}

test('the WASM backend never touches WebGPU', () => {
  const { out, error } = runWithoutWebGpu(`
    const { openModelFolder } = await import('@yoco-u/checkpoint/node');
    await using folder = await openModelFolder('${new URL('../../../fixtures/models/stories-reference/', import.meta.url).pathname}');
    await using loaded = await loadModelFrom(folder, { threads: 1 });
    for await (const part of loaded.model.generate({ prompt: 'Once', maxTokens: 1 })) if (part.type === 'token') console.log(part.type);`);
  expect(error).toBe('');
  expect(out).toBe('token');
});

test('the check notices', () => {
  expect(runWithoutWebGpu("await createBackend({ backend: 'webgpu' });").error).toContain('touched');
});
