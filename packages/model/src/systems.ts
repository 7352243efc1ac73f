/** The systems that YOCO-U is compared with, at the width, depth and window of a given model. */
import type { ModelConfig } from './config.ts';

export interface ComparedSystem {
  readonly name: string;
  /** A config in the form of `config.json`, to be parsed with the built-in variants. */
  readonly config: Readonly<Record<string, unknown>>;
}

type Stage = Readonly<Record<string, unknown>>;

/**
 * Transformer, Universal Transformer, RINS and YOCO beside YOCO-U: spec section 1, with the model's layers in all (rounded
 * up to an even count), its window (or 1/16 of its context where nothing slides) and its first loop count (or 3).
 */
export function comparedSystems(config: ModelConfig): readonly ComparedSystem[] {
  const count = config.stages.reduce((sum, stage) => sum + stage.layers.length, 0);
  const half = Math.ceil(count / 2);
  const layers = 2 * half;
  const windows = (config.source.stages as readonly Stage[]).map((stage) => stage.window);
  const window =
    windows.find((value) => typeof value === 'number') ?? Math.max(1, Math.floor(config.contextLength / 16));
  const looped = config.stages.find((stage) => stage.iterations > 1)?.iterations ?? 3;
  const full = (stageLayers: number, iterations: number): Stage => ({
    type: 'self',
    layers: stageLayers,
    iterations,
    attention: 'full',
    // costs nothing in the formulas; heads of odd width cannot be rotated
    rope: config.headDim % 2 === 0,
  });
  const sliding = (iterations: number): Stage => ({ ...full(half, iterations), attention: 'sliding_window', window });
  const cross: Stage = { type: 'cross', layers: half, iterations: 1, attention: 'full', rope: false };
  const system = (name: string, stages: readonly Stage[]): ComparedSystem => ({
    name,
    config: { rope_theta: 10000, ...config.source, stages },
  });
  return [
    system('Transformer', [full(layers, 1)]),
    system('Universal Transformer', [full(layers, 2)]),
    system('RINS', [full(half, 3), full(half, 1)]),
    system('YOCO', [sliding(1), cross]),
    system('YOCO-U', [sliding(looped), cross]),
  ];
}
