/** `tiny-run-process.ts <folder>`: trains, telling each step on a line; then lives until it is killed or its input ends. */
import { runTraining } from '../node/run-training.ts';
import { registry } from '../testing.ts';
import { tinyRequest, wasm } from './tiny-run.ts';

process.stdin.resume();
await using backend = await wasm();
const folder = process.argv[2]!;
for await (const event of runTraining({ folder, request: tinyRequest, resume: 'auto', backend, registry })) {
  process.stdout.write(`${event.type} ${event.step}\n`);
}
