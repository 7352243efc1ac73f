/** The runs that a comparison is made of, in an order in which each has what it begins from. */
import { join } from 'node:path';
import type { RunRequest } from '@yoco-u/train';
import { branchPoint, type ComparisonSettings } from './settings.ts';

/** A piece of a run: a trunk up to the next branch, or a branch from there to its end. */
export interface Segment {
  readonly iterations: number;
  readonly seed: number;
  /** Steps of the branch; undefined for a piece of a trunk. */
  readonly budget: number | undefined;
  /** Steps that are there when it begins, and when it is done. */
  readonly from: number;
  readonly to: number;
  /** Relative to where the comparison is kept. */
  readonly folder: string;
  /** Of the run that it begins from, for a branch. */
  readonly trunk: string;
  readonly request: RunRequest;
}

/**
 * By budget, then by seed, then by system, so that whatever is there after an interruption can be compared. A trunk goes on only when
 * its branches up to there are done: its older checkpoints need not be kept.
 */
export function listSegments(settings: ComparisonSettings): readonly Segment[] {
  const { budgets, seeds, iterations, warmup, decay } = settings;
  const longest = branchPoint(settings, budgets.at(-1)!);
  return budgets.flatMap((budget, index) =>
    seeds.flatMap((seed) =>
      iterations.flatMap((count): readonly Segment[] => {
        const trunk = join('runs', `t${count}-seed${seed}-trunk`);
        const leaves = branchPoint(settings, budget);
        const common = { ...settings.request, iterations: count, seed };
        const shared = { iterations: count, seed, trunk };
        return [
          {
            ...shared,
            budget: undefined,
            from: index === 0 ? 0 : branchPoint(settings, budgets[index - 1]!),
            to: leaves,
            folder: trunk,
            request: {
              ...common,
              steps: longest,
              schedule: { kind: 'constant', warmup, final: 0, decay },
              validation: { ...common.validation, every: 0 },
            },
          },
          {
            ...shared,
            budget,
            from: leaves,
            to: budget,
            folder: join('runs', `t${count}-seed${seed}-${budget}`),
            request: {
              ...common,
              steps: budget,
              schedule: { kind: 'warmup_stable_decay', warmup, final: 0, decay },
              validation: { ...common.validation, every: budget },
            },
          },
        ];
      }),
    ),
  );
}
