import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stampFolder } from './paths.mjs';

/**
 * A stamp remembers the fingerprint of what something was made from.
 * @param {string} name
 */
export function createStamp(name) {
  const path = join(stampFolder, `${name}.sha256`);
  return {
    /** @param {string} fingerprint */
    matches(fingerprint) {
      try {
        return readFileSync(path, 'utf8') === fingerprint;
      } catch {
        return false;
      }
    },
    clear() {
      rmSync(path, { force: true });
    },
    /** @param {string} fingerprint */
    write(fingerprint) {
      mkdirSync(stampFolder, { recursive: true });
      writeFileSync(path, fingerprint);
    },
  };
}
