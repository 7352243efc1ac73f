export {
  type AttentionPlace,
  type HeadInspection,
  type InspectedModel,
  type InspectLoopOptions,
  type IterationInspection,
  inspectLoop,
  type LoopInspection,
  mostInspectedTokens,
  type TokenReading,
} from './inspect-loop.ts';
export { createLanguageModel, type EngineLanguageModel, type EngineOptions } from './language-model.ts';
export { type LoadParametersOptions, loadParameters } from './load-parameters.ts';
export { createModelMemory, type ModelMemory, memoryBytes, memoryShape } from './memory.ts';
export { randomParameters } from './random-parameters.ts';
export { createRunner, type Runner, type RunnerOptions, type Segment } from './runner.ts';
export { cacheBytes } from './runtime.ts';
export type { SavedSequence } from './saved-sequence.ts';
export { type ScoreTextOptions, scoreText, type TextScore } from './score-text.ts';
export type { EngineStats, SequenceStats } from './stats.ts';
