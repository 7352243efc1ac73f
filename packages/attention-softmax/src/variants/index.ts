/** The softmax variants as a model's registry takes them. */
import type { AttentionRegistry } from '@yoco-u/spec';
import { crossAttention } from './cross.ts';
import { fullAttention } from './full.ts';
import { slidingWindowAttention } from './sliding-window.ts';

export { parseConfig as parseSoftmaxConfig, type SoftmaxConfig, selfParameters } from './config.ts';
export type { SharedKeysAndValues } from './cross.ts';
export { keysAndValues, pageTableOf, project, queries, queriesKeysAndValues } from './projections.ts';
export type { SlidingWindowConfig } from './sliding-window.ts';
export { crossAttention, fullAttention, slidingWindowAttention };

/** `sliding_window` and `full` of self stages, `full` of cross stages. */
export const softmaxAttention: AttentionRegistry = [slidingWindowAttention, fullAttention, crossAttention];
