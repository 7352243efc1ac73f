#!/usr/bin/env node
/**
 * `yoco-assembly [--check] [--table] entry.ts…`: compiles entries to `<name>.wasm.ts` beside their folder. With `--check`
 * nothing is written. The exit code is 1 if an entry does not compile, or a checked file is not what its sources give.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { embedModule, outputPath } from './emit.ts';

const usage = 'usage: yoco-assembly [--check] [--table] entry.ts…';

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { check: { type: 'boolean', default: false }, table: { type: 'boolean', default: false } },
    });
  } catch (error) {
    console.error(messageOf(error));
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trimEnd() : String(error);
}

/** Says what became of the entry. Throws what `embedModule` throws. */
async function build(entry: string, check: boolean, table: boolean): Promise<void> {
  const path = outputPath(entry);
  const text = await embedModule({ entry, table });
  const current = await readFile(path, 'utf8').catch(() => undefined);
  if (current === text) console.log(`${path}: up to date`);
  else if (check) throw new Error(`${path}: expected the output of ${entry}, got other bytes; build and commit it`);
  else {
    await writeFile(path, text);
    console.log(`${path}: written, ${text.length} bytes`);
  }
}

const given = readArguments();
if (given === undefined || given.positionals.length === 0) {
  console.error(usage);
  process.exit(2);
}
for (const entry of given.positionals) {
  try {
    await build(entry, given.values.check, given.values.table);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
