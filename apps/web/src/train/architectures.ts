/** What can be trained beside YOCO-U, and how long each may be for the same compute. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { softmaxAttention } from '@yoco-u/attention-softmax';
import { comparedSystems, flopsPerToken, type ModelConfig, parseConfig, withIterations } from '@yoco-u/model';
import type { TextRunRequest } from '@yoco-u/train';
import type { RunPlan } from './protocol.ts';

const registry = [...softmaxAttention, gatedRetention];

/** In the order in which they are compared: the budget is what YOCO-U takes. */
export const architectures = ['yoco_u', 'yoco', 'transformer'] as const;
export type Architecture = (typeof architectures)[number];

/** What the lower half of YOCO-U and YOCO keeps of the text: a window of tokens, or a state that fades. */
export const lowerHalves = ['window', 'state'] as const;
export type LowerHalf = (typeof lowerHalves)[number];

export interface RunChoice {
  readonly architecture: Architecture;
  readonly lowerHalf: LowerHalf;
  /** Layers in all, an even number; the width is 32 times as many. */
  readonly depth: number;
  /** T of YOCO-U; the others run every layer once. */
  readonly iterations: number;
  readonly steps: number;
  readonly seed: number;
}

/** A run with a sample and a validation about every tenth of it. */
export function requestFor(choice: RunChoice): TextRunRequest {
  const { architecture, depth, steps, seed } = choice;
  const every = Math.max(5, Math.ceil(steps / 10));
  const iterations = architecture === 'yoco_u' ? choice.iterations : 1;
  const stages = stagesFor(choice, iterations);
  return {
    depth,
    steps,
    seed,
    iterations,
    ...(stages === undefined ? {} : { model: { stages } }),
    validation: { every, rows: 16 },
    samples: { every, tokens: 60 },
  };
}

/** Undefined for those that follow from the depth: a window below, a shared cache above. */
function stagesFor({ architecture, lowerHalf, depth }: RunChoice, iterations: number): readonly object[] | undefined {
  if (architecture === 'transformer') {
    return [{ type: 'self', layers: depth, iterations: 1, attention: 'full', rope: true }];
  }
  if (lowerHalf === 'window') return undefined;
  return [
    { type: 'self', layers: depth / 2, iterations, attention: 'gated_retention', rope: true },
    { type: 'cross', layers: depth / 2, iterations: 1, attention: 'full', rope: false },
  ];
}

/** Steps in which another architecture takes the FLOPs of a planned run of YOCO-U. */
export function stepsAtEqualFlops({ config, flopsPerToken: own }: RunPlan, architecture: Architecture): number {
  // a step of training costs three times the forward pass
  const flops = 3 * flopsPerToken(besides(parseConfig(config.model, registry), architecture), config.sequenceLength);
  return Math.max(1, Math.round((config.steps * own) / flops));
}

/** YOCO-U as one of the others, at its width and depth. */
function besides(model: ModelConfig, architecture: Architecture): ModelConfig {
  if (architecture === 'yoco_u') return model;
  if (architecture === 'yoco') return withIterations(model, 1);
  const transformer = comparedSystems(model).find(({ name }) => name === 'Transformer')!;
  return parseConfig(transformer.config, registry);
}
