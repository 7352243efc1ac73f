/** A run that begins where another one stood, to go on with another end: a decay, more steps. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@yoco-u/spec';
import { createCheckpoints } from './checkpoints.ts';
import { lockFolder } from './folder-lock.ts';
import { createMetricsFile } from './metrics-file.ts';
import { makeFolder, metricsFile, readRun, refuseOtherFiles, runFiles, writeRun } from './run-folder.ts';

export interface BranchOptions {
  /** Folder of the run that has a checkpoint of `step`. It stays as it is. */
  readonly from: string;
  readonly step: number;
  /** Folder of the new run; made if need be. */
  readonly to: string;
}

/**
 * Copies a checkpoint with what led to it. `runTraining` with `resume: 'auto'` then goes on in `to`, with what may differ when a run
 * goes on: steps, schedule, validation, samples, checkpoints. The checkpoint's pointer comes last: a branch is there as a whole or
 * not at all. Throws `ConfigError` where `from` holds no run or `to` holds one, `CheckpointError` for a step without a checkpoint.
 */
export async function branchRun({ from, step, to }: BranchOptions): Promise<void> {
  const saved = await readRun(from);
  if (saved === undefined) {
    throw new ConfigError({ where: from, expected: 'a run to branch from', got: 'none', fix: 'check the path' });
  }
  await makeFolder(to);
  await using _lock = await lockFolder(to);
  if ((await readRun(to)) !== undefined) {
    throw new ConfigError({
      where: to,
      expected: 'a folder without a run',
      got: 'one with checkpoints',
      fix: 'name another',
    });
  }
  await refuseOtherFiles(to);
  const { tokenizerJson, ...run } = saved;
  await writeRun(to, run);
  for (const name of runFiles) await copyFile(join(from, name), join(to, name));
  await createMetricsFile(join(to, metricsFile)).cutAfter(step);
  const { model, checkpoints } = run.config;
  const [trunk, branch] = [from, to].map((path) =>
    createCheckpoints(join(path, 'checkpoints'), { model, tokenizerJson }, checkpoints.keep),
  );
  await branch!.adopt(trunk!, step);
}
