import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelPath } from './testing.ts';

const main = new URL('./main.ts', import.meta.url).pathname;
let taken: Server;
beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void taken.close());

function start(environment: Record<string, string>) {
  const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', '--no-warnings', main], {
    env: { ...process.env, YOCO_U_THREADS: '1', PORT: '0', ...environment },
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended };
}

test('what cannot be used is told in one line', async () => {
  const failures = await Promise.all(
    [
      { YOCO_U_MODELS: '' },
      { YOCO_U_MODELS: '/no/such/model' },
      { YOCO_U_MODELS: modelPath, PORT: String((taken.address() as AddressInfo).port) },
      { YOCO_U_MODELS: modelPath, PORT: '99999' },
    ].map(async (environment) => {
      const { child, ended } = start(environment);
      const [said, code] = await Promise.all([text(child.stderr), ended]);
      return { said, code };
    }),
  );
  for (const { said, code } of failures) {
    expect(said).toMatch(/^error: .+\n$/);
    expect(code).toBe(2);
  }
});

test('a process answers until SIGTERM, and then ends by itself', async () => {
  const { child, ended } = start({ YOCO_U_MODELS: modelPath, YOCO_U_API_KEY: 'sk-test' });
  const url = await new Promise<string>((resolve, reject) => {
    let log = '';
    child.stdout.on('data', (chunk) => {
      log += chunk;
      const found = /"url":"([^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error(log)));
  });
  const ask = async (key: string) =>
    (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
  expect([await ask('sk-test'), await ask('sk-other')]).toEqual([200, 401]);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});
