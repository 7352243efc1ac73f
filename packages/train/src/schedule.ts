/** Learning rates over a run. */
import { ConfigError } from '@yoco-u/spec';

export interface Schedule {
  /**
   * `cosine` falls to `final` along half a cosine; `linear` along a line; `warmup_stable_decay` stays until the last `decay`
   * share of the steps, then falls along a line (Hu et al. 2024, arXiv 2404.06395).
   */
  readonly kind: 'cosine' | 'linear' | 'warmup_stable_decay' | 'constant';
  /** Steps over which the rate rises from near 0. */
  readonly warmup: number;
  /** Share of the rate that is left at the end. */
  readonly final: number;
  /** Share of all steps that `warmup_stable_decay` falls over. */
  readonly decay: number;
}

/** Factor on the learning rate at `step` (from 0) of `steps`. */
export function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  const { kind, warmup, final, decay } = schedule;
  if (step < warmup) return (step + 1) / (warmup + 1);
  const fall = (start: number): number => Math.min(1, Math.max(0, (step - start) / Math.max(1, steps - start)));
  switch (kind) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - (1 - final) * fall(warmup);
    case 'cosine':
      return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * fall(warmup)));
    case 'warmup_stable_decay':
      return 1 - (1 - final) * fall(Math.max(warmup, Math.round(steps * (1 - decay))));
  }
}

/** Throws `ConfigError` naming the field. */
export function checkSchedule(schedule: Schedule, steps: number): void {
  const shares = { final: schedule.final, decay: schedule.decay };
  for (const [name, value] of Object.entries(shares)) {
    if (value >= 0 && value <= 1) continue;
    throw new ConfigError({ where: `schedule.${name}`, expected: 'a number from 0 to 1', got: `${value}` });
  }
  if (Number.isInteger(schedule.warmup) && schedule.warmup >= 0 && schedule.warmup <= steps) return;
  throw new ConfigError({
    where: 'schedule.warmup',
    expected: `an integer from 0 to the ${steps} steps`,
    got: `${schedule.warmup}`,
  });
}
