import { defineConfig } from 'tsup';

/** Self-contained files: the quickest start, and nothing to resolve at run time. */
export default defineConfig({
  entry: { 'yoco-u': 'src/main.ts', 'model-worker': 'src/model-worker.ts' },
  format: ['esm'],
  target: 'node22',
  platform: 'node',
  clean: true,
  splitting: true,
  treeshake: true,
  noExternal: [/^[^.]/],
  esbuildOptions(options) {
    options.conditions = ['@yoco-u/source'];
  },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
});
