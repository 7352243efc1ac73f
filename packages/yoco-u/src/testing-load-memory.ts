/** Run as a program: loads the model folder given and prints resident weight bytes and the process's peak memory. */
import { readFileSync } from 'node:fs';
import { loadParts } from './node.ts';

await using parts = await loadParts(process.argv[2]!, { threads: 1 });
const weights = Object.values(parts.parameters).reduce((sum, buffer) => sum + buffer.byteLength, 0);
console.log(JSON.stringify({ weights, peak: peakBytes() }));

/** Of this program alone: the maximum that `resourceUsage` gives on Linux begins with that of the process that started it. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
}
