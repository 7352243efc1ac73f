/** A golden model with matrices in float16: how far logits may be off, and that the likeliest tokens are the same. */
import { join } from 'node:path';
import { directoryFiles } from '@yoco-u/checkpoint/node';
import { loadParts } from '@yoco-u/yoco-u/node';
import { expect, test } from 'vitest';
import { isFailure } from './check-result.ts';
import { runForwardChecks } from './forward-checks.ts';
import { readGolden } from './golden.ts';

const folder = join(import.meta.dirname, '../../../../fixtures/golden/yoco_u');
/** Of the largest logit. */
const bound = 1e-2;

test('logits of a golden model stay within a hundredth', async (context) => {
  const opened = await loadParts(folder, { backend: 'webgpu', variant: 'f16' }).catch((error: unknown) => error);
  if (opened instanceof Error) {
    if (!opened.message.includes('no f16')) throw opened;
    context.skip('this adapter has no float16; install lavapipe of Mesa 25 (mesa-vulkan-drivers)');
  }
  await using parts = opened as Awaited<ReturnType<typeof loadParts>>;
  const results = await runForwardChecks({ ...parts, golden: await readGolden(directoryFiles(folder)) }, bound);
  expect(results.length).toBe(8);
  expect(results.filter((result) => !('error' in result) || isFailure(result))).toEqual([]);
});
