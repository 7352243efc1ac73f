/** Ctrl-C, or SIGTERM of whoever needs the machine: the first asks to stop cleanly, the second ends at once. */
import { Interrupted } from './run-program.ts';

export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Interrupted('interrupted'));
    process.exitCode = 130;
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
