/** The parts of a model, as `config.json` names them. */

export interface Stage {
  readonly type: 'self' | 'cross';
  readonly layers: number;
  readonly iterations?: number;
  /** One for all layers, or one each. */
  readonly attention: string | readonly string[];
  readonly window?: number;
}

/** What a head sees: the last tokens, all of them by a cache of its layer, a state that fades, or the cache of all layers. */
export type Sight = 'window' | 'full' | 'state' | 'shared';

export function stagesOf(config: Readonly<Record<string, unknown>>): readonly Stage[] {
  return config.stages as readonly Stage[];
}

/** Index of the part that is looped: the first with self-attention. */
export function loopedStage(stages: readonly Stage[]): number {
  return stages.findIndex(({ type }) => type === 'self');
}

export function sightOf({ type, attention }: Stage, layer = 0): Sight {
  if (type === 'cross') return 'shared';
  const name = typeof attention === 'string' ? attention : attention[layer];
  if (name === 'sliding_window') return 'window';
  return name === 'full' ? 'full' : 'state';
}
