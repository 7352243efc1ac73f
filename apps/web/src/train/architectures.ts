/** What can be trained beside YOCO-U, and how long each may be for the same compute. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { softmaxAttention } from '@yoco-u/attention-softmax';
import { comparedSystems, flopsPerToken, parseConfig } from '@yoco-u/model';
import type { TextRunRequest } from '@yoco-u/train';
import type { RunPlan } from './protocol.ts';

const registry = [...softmaxAttention, gatedRetention];

/** In the order in which they are compared: the budget is what YOCO-U takes. */
export const architectures = ['yoco_u', 'yoco', 'transformer'] as const;
export type Architecture = (typeof architectures)[number];

/** As `comparedSystems` calls them. */
const systemNames: Readonly<Record<Architecture, string>> = {
  yoco_u: 'YOCO-U',
  yoco: 'YOCO',
  transformer: 'Transformer',
};

export interface RunChoice {
  readonly architecture: Architecture;
  /** Layers in all, an even number; the width is 32 times as many. */
  readonly depth: number;
  /** T of YOCO-U; the others run every layer once. */
  readonly iterations: number;
  readonly steps: number;
  readonly seed: number;
}

/** A run with a sample and a validation about every tenth of it. */
export function requestFor({ architecture, depth, iterations, steps, seed }: RunChoice): TextRunRequest {
  const every = Math.max(5, Math.ceil(steps / 10));
  const full = { type: 'self', layers: depth, iterations: 1, attention: 'full', rope: true };
  return {
    depth,
    steps,
    seed,
    iterations: architecture === 'yoco_u' ? iterations : 1,
    ...(architecture === 'transformer' ? { model: { stages: [full] } } : {}),
    validation: { every, rows: 16 },
    samples: { every, tokens: 60 },
  };
}

/** Steps in which another architecture takes the FLOPs of a planned run of YOCO-U. */
export function stepsAtEqualFlops({ config, flopsPerToken: own }: RunPlan, architecture: Architecture): number {
  const systems = comparedSystems(parseConfig(config.model, registry));
  const other = systems.find(({ name }) => name === systemNames[architecture])!;
  // a step of training costs three times the forward pass
  const flops = 3 * flopsPerToken(parseConfig(other.config, registry), config.sequenceLength);
  return Math.max(1, Math.round((config.steps * own) / flops));
}
