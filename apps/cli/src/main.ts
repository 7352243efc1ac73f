#!/usr/bin/env node
/** Entry point: sets up the commands; each loads its own code only when it runs, so that `--help` is quick. */
import { createProgram } from './program.ts';
import { runProgram } from './run-program.ts';

await runProgram(createProgram(), process.argv);
