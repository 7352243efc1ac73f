export { batchOf, type TrainingBatch } from './batch.ts';
export { createByteCounter } from './data/byte-counter.ts';
export { type Corpus, createMemoryCorpus, type MemoryCorpusOptions } from './data/corpus.ts';
export { DataError } from './data/data-error.ts';
export { createDataset, type Dataset, documentsOf, type TokenSpan } from './data/dataset.ts';
export { decodeText } from './data/decode-text.ts';
export {
  type DocumentPiece,
  documentSeparator,
  type PieceOptions,
  splitDocuments,
  type TextChunks,
} from './data/document-pieces.ts';
export type { DocumentTable } from './data/document-table.ts';
export { type JsonLinesOptions, readJsonLines } from './data/json-lines.ts';
export { createRowStream, type RowStream, type RowStreamOptions, type RowStreamState } from './data/row-stream.ts';
export { type DataSplit, type SplitOptions, separateCorpora, splitCorpus } from './data/split-corpus.ts';
export { DivergenceError, type DivergenceFacts, findNonFinite } from './divergence-error.ts';
export type {
  EndEvent,
  PlanEvent,
  SampleEvent,
  SaveEvent,
  StepEvent,
  TextSample,
  TrainEvent,
  ValidationEvent,
  ValidationResult,
} from './events.ts';
export { type InitialTensor, initialWeights } from './initialize.ts';
export { checkIterations, drawIterations, type IterationChoice, possibleIterations } from './iteration-choice.ts';
export {
  type AdamwSettings,
  type MuonSettings,
  momentNames,
  type OptimizerSettings,
  type SgdSettings,
} from './optimizer.ts';
export type { NormStatistics, OutlierSettings } from './outlier-steps.ts';
export type { SampleContext, TakeSamples } from './prepared-run.ts';
export type { RecomputeShare } from './recompute.ts';
export { renderReport, validationChart } from './report.ts';
export { type Chart, renderChartFile, type Series } from './report-chart.ts';
export { checkSameRun, planRun, type RunConfig, sizesForText, type TextFacts, type TextSizes } from './run-config.ts';
export { mergeRequests, parseRunRequest, type RunRequest } from './run-request.ts';
export { checkSchedule, type Schedule, scheduleFactor } from './schedule.ts';
export { prepareTextRun, type TextRun, type TextRunOptions, type TextRunRequest } from './text-run.ts';
export { type LoopSettings, type TrainOptions, train } from './train.ts';
export { parseTrainState, type TrainState } from './train-state.ts';
export { createTrainer, type StepSettings, type Trainer, type TrainerOptions } from './trainer.ts';
export {
  planMemory,
  recordPrograms,
  supportsTraining,
  type TrainingMemory,
  type TrainingPrograms,
  type TrainingShape,
} from './training-programs.ts';
export type { ValidationSet } from './validation.ts';
export { createValidationSet, validate } from './validation.ts';
