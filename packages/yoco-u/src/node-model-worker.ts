/** The script of the package's own worker thread in Node. */
import { serveModelFolder } from './serve-model-folder.ts';

await serveModelFolder();
