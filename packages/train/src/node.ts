export { type PrepareCorpusOptions, prepareCorpus } from './data/node/prepare-corpus.ts';
export { type PrepareDataOptions, type PreparedData, prepareData } from './data/node/prepare-data.ts';
export type { DataProgress } from './data/node/progress.ts';
export { type ReadSourceOptions, readDocuments, readTexts, type SourceFacts } from './data/node/read-source.ts';
export {
  listSourceFiles,
  type SourceCompression,
  type SourceFile,
  type SourceFormat,
  type SourceOptions,
} from './data/node/source-files.ts';
export { type BranchOptions, branchRun } from './node/branch-run.ts';
export { type CheckpointFiles, type Checkpoints, createCheckpoints, type SavedCheckpoint } from './node/checkpoints.ts';
export { createMetricsFile, type MetricsFile, type MetricsLine } from './node/metrics-file.ts';
export { readRun, type SavedRun } from './node/run-folder.ts';
export { type RunEvent, type RunOptions, type RunProgress, runTraining } from './node/run-training.ts';
