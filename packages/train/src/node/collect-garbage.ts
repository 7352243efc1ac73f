/** Garbage collected on demand. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Has V8 collect what is there to be collected and give back the room, where it can be asked to: some 0.1 s. Left alone it moves what
 * planning left in the midst of a run, and takes 16 MiB more for it, or not: no plan can say.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' });
}
