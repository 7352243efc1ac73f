/** The benchmark of serving: what it prints can be read by a program. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

test('rates of one stream and of many, and first tokens cold and cached, of every run', async () => {
  const options = ['--streams', '3', '--max-tokens', '5', '--system-tokens', '300', '--runs', '2', '--threads', '1'];
  const command = [main, 'bench', 'serve', ...options, '--json'];
  const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', ...command]);
  const [out, err] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  expect([code, await err]).toEqual([0, '']);
  const { runs, ...result } = JSON.parse(await out) as Record<string, unknown> & { runs: Record<string, number[]> };
  expect(result).toMatchObject({ streams: 3, systemTokens: 300 });
  for (const values of Object.values(runs)) {
    expect(values).toHaveLength(2);
    for (const value of values) expect(value).toBeGreaterThan(0);
  }
  expect(result.tokensPerSecondOfAll).toBe(Math.max(...runs.many!));
  expect(result.firstTokenMsCached).toBe(Math.min(...runs.cached!));
}, 120_000);
