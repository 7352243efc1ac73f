/** The script of the package's own Web Worker. */
import { serveModel } from './serve-model.ts';

await serveModel();
