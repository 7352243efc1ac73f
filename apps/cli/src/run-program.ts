/** Runs a command and turns what happens into an exit code: 0; 1 a check failed; 2 bad input; 3 a fault of ours; 130 Ctrl-C or SIGTERM. */
import { YocoError } from '@yoco-u/spec';
import { type Command, CommanderError } from 'commander';
import { describeFileError } from './file-error.ts';
import { clearProgress } from './progress.ts';

/** A check that was asked for did not hold: exit code 1. The command has printed what failed. */
export class CheckFailed extends Error {}

/** Something the user gave cannot be used: exit code 2. The message says what, and how to fix it. */
export class UsageError extends Error {}

/** Ctrl-C or SIGTERM came before the command was done: exit code 130. Signals of commands abort with this reason. */
export class Interrupted extends Error {}

export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  // a closed pipe (`| head`) ends the program quietly
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 3);
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    clearProgress();
    process.exitCode = report(error, argv.includes('--debug'));
  }
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CheckFailed) return 1;
  if (error instanceof Interrupted) return 130;
  const ofSystem = isSystemError(error);
  const expected = ofSystem || error instanceof UsageError || YocoError.isInstance(error);
  const message = ofSystem ? describeFileError(error) : error instanceof Error ? error.message : String(error);
  if (debug && error instanceof Error) console.error(error.stack, error.cause ?? '');
  else if (expected) console.error(`error: ${message.replaceAll(/\s*\n\s*/g, ' ')}`);
  else console.error(`internal error: ${message}; run again with --debug for details`);
  return expected ? 2 : 3;
}

/** Files that are missing, unreadable or on a full disk. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
