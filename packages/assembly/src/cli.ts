#!/usr/bin/env node
/**
 * `yoco-assembly [--check] [--table] entry.ts…`: compiles entries to `<name>.wasm.ts` beside their folder. With `--check`
 * nothing is written, and the exit code is 1 if a committed file is not what its sources give.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { embedModule, outputPath } from './emit.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false }, table: { type: 'boolean', default: false } },
});
if (positionals.length === 0) {
  console.error('usage: yoco-assembly [--check] [--table] entry.ts…');
  process.exit(2);
}
for (const entry of positionals) {
  const path = outputPath(entry);
  const text = await embedModule({ entry, table: values.table });
  const current = await readFile(path, 'utf8').catch(() => undefined);
  if (current === text) console.log(`${path}: up to date`);
  else if (values.check) {
    console.error(`${path}: expected the output of ${entry}, got other bytes; run \`pnpm build:wasm\` and commit it`);
    process.exitCode = 1;
  } else {
    await writeFile(path, text);
    console.log(`${path}: written, ${text.length} bytes`);
  }
}
