/**
 * A long load on the bundled model in a process of its own: counts, rate and memory.
 *
 *   node --conditions @yoco-u/source src/load-bench.ts [requests] [connections]
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runLoad } from './load.ts';
import { modelPath } from './testing.ts';

const [requests = 10_000, connections = 32] = process.argv.slice(2).map(Number);
const main = new URL('./main.ts', import.meta.url).pathname;
const environment = { ...process.env, YOCO_U_MODELS: modelPath, PORT: '0' };
const child = spawn(process.execPath, ['--conditions', '@yoco-u/source', '--no-warnings', main], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: environment,
});
const url = await new Promise<string>((resolve, reject) => {
  createInterface(child.stdout).on('line', (line) => {
    const entry = JSON.parse(line) as { msg: string; url?: string };
    if (entry.msg === 'listening') resolve(entry.url!);
  });
  child.once('close', () => reject(new Error('the server ended')));
});

/** Value of the first metric whose line begins so. */
async function metric(start: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(start))
      ?.split(' ')[1],
  );
}

const memoryMetrics = [
  'process_resident_memory_bytes',
  'nodejs_heap_size_used_bytes',
  'nodejs_heap_size_total_bytes',
  'nodejs_external_memory_bytes',
];
const samples: { done: number; resident: number; heap: number; heapTaken: number; external: number }[] = [];
const step = Math.max(1, Math.floor(requests / 20));
const sampled: Promise<void>[] = [];
const started = performance.now();
const result = await runLoad({
  url,
  model: 'model',
  requests,
  connections,
  seed: 1,
  onDone(done) {
    if (done % step !== 0) return;
    sampled.push(
      Promise.all(memoryMetrics.map(metric)).then((bytes) => {
        const [resident, heap, heapTaken, external] = bytes.map((value) => Math.round(value / 1e6));
        samples.push({ done, resident: resident!, heap: heap!, heapTaken: heapTaken!, external: external! });
      }),
    );
  },
});
const seconds = (performance.now() - started) / 1000;
await Promise.all(sampled);
const slots = (await (await fetch(`${url}/slots`)).json()) as { is_processing: boolean }[];
console.log(JSON.stringify({ ...result, failed: result.failed.slice(0, 5), failures: result.failed.length }));
console.log(`${requests} requests in ${seconds.toFixed(1)} s: ${(requests / seconds).toFixed(0)} a second`);
console.log(`slots in use afterwards: ${slots.filter((slot) => slot.is_processing).length} of ${slots.length}`);
console.log(`waiting afterwards: ${await metric('vllm:num_requests_waiting')}`);
console.log(`processor time of the server: ${(await metric('process_cpu_seconds_total')).toFixed(1)} s`);
console.log('MB: resident, heap used / taken, external');
for (const { done, resident, heap, heapTaken, external } of samples) {
  console.log(`${done}: ${resident}, ${heap} / ${heapTaken}, ${external}`);
}
const secondHalf = samples.filter(({ done }) => 2 * done >= requests).map(({ resident }) => resident);
const growth = Math.max(...secondHalf) / secondHalf[0]! - 1;
console.log(`resident memory in the second half: at most ${(100 * growth).toFixed(1)} % above its start`);
child.kill('SIGTERM');
