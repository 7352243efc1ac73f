import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announced, ended, post, start } from './testing.ts';

const model = join(import.meta.dirname, '../model');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yoco-u-serve-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a command that ends of its own accord. */
async function run(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(args);
  const [out, err, code] = await Promise.all([text(child.stdout!), text(child.stderr!), ended(child)]);
  return { code, out, err };
}

describe('serve', () => {
  test('answers until SIGTERM, and lets requests end', async () => {
    const child = start(['serve', model, `other=${model}`, '--port', '0', '--threads', '1']);
    const log = text(child.stdout!);
    const url = await announced(child);
    const body = {
      model: 'other',
      prompt: 'Once upon a time',
      max_tokens: 300,
      seed: 7,
      ignore_eos: true,
      stream: true,
    };
    const answer = await post(`${url}/v1/completions`, body);
    expect(answer.status).toBe(200);
    // the first token is there: the request is under way
    child.kill('SIGTERM');
    const streamed = await answer.text();
    expect(streamed).toContain('"finish_reason":"length"');
    expect(streamed.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(await ended(child)).toBe(0);
    const lines = (await log)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'request ended', route: '/v1/completions', outcome: 200 }),
    );
    expect(await log).not.toContain('Once upon a time');
  });

  test('asks for keys that api-key made, of which the file holds hashes only', async () => {
    const file = join(folder, 'keys.txt');
    const keys = [await run(['api-key', 'alice', '--file', file]), await run(['api-key', 'bob', '--file', file])];
    const [alice, bob] = keys.map(({ out }) => out.trim());
    expect(await readFile(file, 'utf8')).toMatch(/^alice:[0-9a-f]{64}\nbob:[0-9a-f]{64}\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const child = start(['serve', model, '--port', '0', '--threads', '1', '--api-keys', file]);
    child.stdout!.resume();
    const url = await announced(child);
    const statuses = [alice, bob, undefined, 'sk-wrong'].map(
      async (key) => (await post(`${url}/tokenize`, { prompt: 'hi' }, key)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 401, 401]);
    child.kill('SIGINT');
    expect(await ended(child)).toBe(0);
  });

  test('is not open to others without keys', async () => {
    const { code, err } = await run(['serve', model, '--host', '0.0.0.0', '--port', '0']);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('give API keys') });
  });

  test('says what it cannot use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const failures = await Promise.all([
      run(['serve', join(folder, 'nothing')]),
      run(['serve', model, '--api-keys', join(folder, 'none.txt')]),
      run(['serve', model, '--port', `${port}`]),
      run(['serve', model, model]),
      run(['serve', model, '--memory', '1']),
      run(['api-key', 'two words', '--file', join(folder, 'other.txt')]),
    ]);
    taken.close();
    expect(failures.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2]);
    for (const { err } of failures) expect(err).toMatch(/^error: .*\n$/);
  });
});
