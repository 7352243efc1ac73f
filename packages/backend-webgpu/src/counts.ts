/** What a backend asks of its device, counted where it is asked. */
import type { DeviceCounts } from '@yoco-u/spec';

export type Counts = { -readonly [K in keyof DeviceCounts]: DeviceCounts[K] };

export function createCounts(): Counts {
  return { submissions: 0, dispatches: 0, downloadedBytes: 0, buffers: 0, bindGroups: 0, pipelines: 0 };
}
