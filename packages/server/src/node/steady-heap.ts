/** How much garbage V8 lets lie before it collects. */
import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 collect when garbage comes to half of what is in use, in all threads of the process. Left alone it waits for up to three times as
 * much as is in use, and more the longer it runs: a busy server grows for thousands of requests. To be called first by a program that
 * serves. It bounds nothing: what is in use may grow as ever.
 */
export function keepHeapSteady(): void {
  // read at every collection, so that it may be set while the process runs
  setFlagsFromString('--heap-growing-percent=50');
}
