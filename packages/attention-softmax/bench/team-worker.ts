import { parentPort, workerData } from 'node:worker_threads';
import { control, type Phase, type TeamData } from './team.ts';

const { module, memory, phases, words, thread, threads } = workerData as TeamData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const functions = phases.map((name) => exports[name] as Phase);
parentPort!.postMessage('ready');
let turn = 0;
for (;;) {
  while (Atomics.load(words, control.turn) === turn);
  turn = Atomics.load(words, control.turn);
  functions[words[control.phase]!]!(words[control.args]!, thread, threads);
  Atomics.sub(words, control.left, 1);
}
