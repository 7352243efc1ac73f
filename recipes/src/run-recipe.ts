/** What every recipe does around its own work: stops cleanly at Ctrl-C, and turns errors into exit codes. */
import { YocoError } from '@yoco-u/spec';

/** Ctrl-C, or a signal to end, came before the recipe was done. */
class Interrupted extends Error {}

/** The first Ctrl-C lets the step under way go and saves; the second ends at once. */
export async function runRecipe(work: (argv: readonly string[], signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort(new Interrupted('interrupted'));
      process.once(name, () => process.exit(130));
    });
  }
  try {
    await work(process.argv.slice(2), controller.signal);
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error('interrupted; the same command goes on');
      process.exitCode = 130;
    } else if (YocoError.isInstance(error) || (error instanceof Error && 'syscall' in error)) {
      console.error(`error: ${error.message}`);
      process.exitCode = 2;
    } else throw error;
  }
}
