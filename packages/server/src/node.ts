export { type FolderSourceOptions, folderSource } from './node/folder-source.ts';
export { addKey, readKeyFile } from './node/key-file.ts';
export { createLogger } from './node/logger.ts';
export { defaultTimeouts, type ServeOptions, type Serving, serve, type Timeouts } from './node/serve.ts';
export { keepHeapSteady } from './node/steady-heap.ts';
