/**
 * The one tsup configuration of every published package: ESM with declarations, one entry a public subpath.
 * @param {Record<string, string>} entry
 */
export function library(entry = { index: 'src/index.ts' }) {
  return {
    entry,
    format: ['esm'],
    target: 'es2023',
    platform: 'neutral',
    dts: true,
    clean: true,
    sourcemap: true,
    treeshake: true,
  };
}
