/** metrics.jsonl: one event a line, appended as they come. */
import { appendFile, readFile } from 'node:fs/promises';
import { writeFileAtomically } from '@yoco-u/checkpoint/node';
import type { TrainEvent } from '../events.ts';

/** An event as it is written: of a save, only that it was. */
export type MetricsLine =
  | Exclude<TrainEvent, { readonly type: 'save' | 'end' }>
  | {
      readonly type: 'save' | 'end';
      readonly step: number;
    };

export interface MetricsFile {
  append(event: TrainEvent): Promise<void>;
  read(): Promise<readonly MetricsLine[]>;
  /** Keeps what happened up to a step: a run that goes on from there writes the rest anew. */
  cutAfter(step: number): Promise<void>;
}

export function createMetricsFile(path: string): MetricsFile {
  const read = async (): Promise<readonly MetricsLine[]> => {
    const text = await readFile(path, 'utf8').catch(() => '');
    return text.split('\n').flatMap(parseLine);
  };
  return {
    read,
    async append(event) {
      const line = event.type === 'save' ? { type: event.type, step: event.step } : event;
      await appendFile(path, `${JSON.stringify(line)}\n`);
    },
    async cutAfter(step) {
      const lines = (await read()).filter((line) => line.step <= step && line.type !== 'end');
      await writeFileAtomically(path, [
        new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
      ]);
    },
  };
}

/** Nothing for a line that a dying process left unfinished. */
function parseLine(line: string): readonly MetricsLine[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'type' in value && 'step' in value
      ? [value as MetricsLine]
      : [];
  } catch {
    return [];
  }
}
