export { builtInAttention, builtInPlugins, registryOf } from './attention.ts';
export { type BackendOptions, createBackend } from './backends.ts';
export type { BackendPurpose } from './choose-backend.ts';
export { estimateMemory } from './estimate-memory.ts';
export {
  type LoadedModel,
  type LoadModelOptions,
  type LoadOptions,
  loadModelFrom,
  loadPartsFrom,
  type ModelParts,
} from './load-model.ts';
export { type PromptSample, type SampledModel, samplePrompts } from './sample-prompts.ts';
