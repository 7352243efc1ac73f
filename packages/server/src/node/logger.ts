/** Logs as JSON lines. */
import { pino } from 'pino';
import type { Logger } from '../options.ts';

/** Writes to standard output. */
export function createLogger(): Logger {
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(1));
}
