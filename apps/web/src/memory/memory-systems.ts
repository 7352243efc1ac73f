/** How many bytes each system's caches hold, by the formulas of `@yoco-u/model`. */
import { gatedRetention } from '@yoco-u/attention-gated-retention';
import { softmaxAttention } from '@yoco-u/attention-softmax';
import {
  cacheBytes,
  comparedSystems,
  countParameters,
  type ModelConfig,
  parseConfig,
  withIterations,
} from '@yoco-u/model';

const registry = [...softmaxAttention, gatedRetention];

/** The model at this many iterations; one without a loop stays as it is. */
function atDepth(config: unknown, iterations: number): ModelConfig {
  const parsed = parseConfig(config, registry);
  return parsed.stages.some(({ type }) => type === 'self') ? withIterations(parsed, iterations) : parsed;
}

export interface MemorySystem {
  readonly name: string;
  /** Cache bytes of one sequence of this many tokens fed. */
  bytes(tokens: number): number;
}

/** The compared systems at the model's width and depth; the last one is the model itself at this many iterations. */
export function memorySystems(config: unknown, iterations: number): readonly MemorySystem[] {
  const own = atDepth(config, iterations);
  const others = comparedSystems(own).filter(({ name }) => name !== 'YOCO-U');
  return [
    ...others.map(({ name, config: source }) => {
      const parsed = parseConfig(source, registry);
      return { name, bytes: (tokens: number) => cacheBytes(parsed, tokens) };
    }),
    { name: 'YOCO-U', bytes: (tokens) => cacheBytes(own, tokens) },
  ];
}

/** Cache bytes of one sequence of the model at this many iterations, by tokens fed. */
export function cacheCounter(config: unknown, iterations: number): (tokens: number) => number {
  const own = atDepth(config, iterations);
  return (tokens) => cacheBytes(own, tokens);
}

/** Iterations of the first self stage, as the config has them. */
export function trainedIterations(config: unknown): number {
  return parseConfig(config, registry).stages.find(({ type }) => type === 'self')?.iterations ?? 1;
}

/** Parameters of the model, whatever its iterations. */
export function parameterCount(config: unknown): number {
  return countParameters(parseConfig(config, registry));
}
