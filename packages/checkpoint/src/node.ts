export type { ModelFolderContent } from './model-folder-files.ts';
export { removeAbandonedFiles, writeFileAtomically } from './node/atomic-write.ts';
export { openFileSource, readTextFile } from './node/file-source.ts';
export { directoryFiles, openModelFolder } from './node/model-folder.ts';
export { writeModelFolder } from './node/write-model-folder.ts';
export { writeSafetensors } from './node/write-safetensors.ts';
