/** `tiny-run-process.ts <folder>`: trains until it is done or killed; tells each step on a line. */
import { runTraining } from '../node/run-training.ts';
import { registry } from '../testing.ts';
import { tinyRequest, wasm } from './tiny-run.ts';

await using backend = await wasm();
const folder = process.argv[2]!;
for await (const event of runTraining({ folder, request: tinyRequest, resume: 'auto', backend, registry })) {
  process.stdout.write(`${event.type} ${event.step}\n`);
}
