/** Ctrl-C: the first asks to stop cleanly, the second ends at once. */
import { Interrupted } from './run-program.ts';

export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort(new Interrupted('interrupted'));
    process.exitCode = 130;
    process.once('SIGINT', () => process.exit(130));
  });
  return controller.signal;
}
