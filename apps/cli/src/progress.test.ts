import { Command } from 'commander';
import { afterEach, expect, it, vi } from 'vitest';
import { createProgress } from './progress.ts';
import { runProgram } from './run-program.ts';

const { isTTY } = process.stderr;

afterEach(() => {
  process.stderr.isTTY = isTTY;
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

it('frees the line of progress before it says why a command failed', async () => {
  const written: string[] = [];
  process.stderr.isTTY = true;
  vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(2000);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(console, 'error').mockImplementation((text) => written.push(String(text)));
  const program = new Command().action(() => {
    createProgress('loading', 'tokens').update(1, 4);
    throw new Error('no more');
  });
  await runProgram(program, ['node', 'yoco-u']);
  expect(written).toEqual([
    '\r\u001b[Kloading: 25% (1 tokens of 4 tokens)',
    '\r\u001b[K',
    'internal error: no more; run again with --debug for details',
  ]);
});
