export { minP } from './min-p.ts';
export { createRandom, type Random } from './random.ts';
export { type RepetitionPenaltyOptions, repetitionPenalty } from './repetition-penalty.ts';
export { createSampler, type SamplerOptions, type SeededSampler } from './sampler.ts';
export { checkSettings, defaultProcessors, type SamplingSettings, samplerFromSettings } from './settings.ts';
export { temperature } from './temperature.ts';
export { topK } from './top-k.ts';
export { topP } from './top-p.ts';
