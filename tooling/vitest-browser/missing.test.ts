import { globSync } from 'node:fs';
import { test } from 'vitest';

const files = globSync('{packages,apps,tooling}/*/**/*.browser.test.ts', { exclude: ['**/node_modules', '**/dist'] });

for (const file of files.sort()) {
  test.skip(`${file}: no Chromium found; install it at /usr/bin/chromium or set CHROMIUM to its path`);
}
