import { globSync } from 'node:fs';
import { test } from 'vitest';

const files = globSync('{packages,apps,tooling}/*/**/*.gpu.test.ts', { exclude: ['**/node_modules', '**/dist'] });

for (const file of files.sort()) {
  test.skip(`${file}: no Vulkan driver found; install Chromium, which has SwiftShader, or set VK_ICD_FILENAMES to one`);
}
