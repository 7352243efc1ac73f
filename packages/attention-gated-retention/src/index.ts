export { gatedRetentionCost } from './cost.ts';
export { logDecay } from './decay.ts';
export { retentionDecayBackward } from './decay-backward.ts';
export { retentionKeyValueBackward } from './key-value-backward.ts';
export { type RetentionParams, retention } from './retention.ts';
export { retentionParallel } from './retention-parallel.ts';
export { type GatedRetentionConfig, gatedRetention } from './variant.ts';
