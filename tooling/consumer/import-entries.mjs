/**
 * Imports every entry point of one installed package, as a stranger's program would: from its tarball alone.
 *
 *   node import-entries.mjs <package name>
 */
import { readFileSync } from 'node:fs';

const name = process.argv[2];
const manifest = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));

for (const subpath of Object.keys(manifest.exports)) {
  if (subpath.endsWith('.json')) continue;
  const specifier = `${name}${subpath.slice(1)}`;
  const names = Object.keys(await import(specifier));
  if ('default' in names) throw new Error(`${specifier}: expected named exports only, got a default export`);
  console.log(`${specifier}: ${names.length} exports`);
}
