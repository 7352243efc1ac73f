export { type LayerAttention, type ModelConfig, parseConfig, type StageConfig, withIterations } from './config.ts';
export { cacheBytes, countLayerApplications, decodeBytes, flopsPerToken, prefillFlops } from './cost.ts';
export { countParameters, isHiddenMatrix, listParameters, type ModelParameter } from './parameters.ts';
export { type ForwardOptions, type LayerApplication, names, recordForward } from './record.ts';
export { type LensOptions, lensNames, recordLens } from './record-lens.ts';
export { gradientName, recordTraining, type TrainingOptions } from './record-training.ts';
export { createRotationWriter, type RotationWriter } from './rotation.ts';
export { listStates, type MemoryShape, type ModelState, pagesPerSequence, stateType } from './states.ts';
export { type ComparedSystem, comparedSystems } from './systems.ts';
