#!/usr/bin/env node
// `npx yoco-u …` in the repository: the same door with the command line behind it, so that it is set up and current.
process.argv.splice(2, 0, 'cli', '--');
await import('./run.mjs');

export {};
