/** `bench train`: whole training steps, beside limits measured in the same run and the memory that was planned. */
import { measureLimits } from '@yoco-u/backend-wasm/bench';
import { countParameters, flopsPerToken, parseConfig } from '@yoco-u/model';
import { batchOf, createTrainer, initialWeights } from '@yoco-u/train';
import { builtInAttention, createBackend } from '@yoco-u/yoco-u';
import { type BackendFlags, backendOptions } from '../backend-options.ts';
import { trainingShapes } from '../bench/training-shapes.ts';
import { formatBytes, formatCount, formatRate } from '../format.ts';
import { interruptSignal } from '../interrupt.ts';
import { createProgress } from '../progress.ts';
import { UsageError } from '../run-program.ts';
import { printTable } from '../table.ts';

export interface BenchTrainOptions extends BackendFlags {
  readonly shape: string;
  readonly runs: number;
  readonly recompute?: boolean | number;
  readonly json?: boolean;
}

const optimizer = { kind: 'adamw', beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 } as const;

export async function benchTrain(options: BenchTrainOptions): Promise<void> {
  const shape = Object.hasOwn(trainingShapes, options.shape) ? trainingShapes[options.shape] : undefined;
  if (shape === undefined) {
    const known = Object.keys(trainingShapes).join(', ');
    throw new UsageError(`--shape: expected one of ${known}, got '${options.shape}'`);
  }
  const signal = interruptSignal();
  const config = parseConfig(shape.model, builtInAttention);
  await using backend = await createBackend(backendOptions(options), { model: config, use: 'train' });
  const { sequences, sequenceLength } = shape;
  const before = process.memoryUsage.rss();
  using trainer = await createTrainer({
    backend,
    config,
    sequences,
    sequenceLength,
    optimizer,
    clip: 1,
    evaluateIterations: [],
    recompute: options.recompute ?? false,
  });
  for (const { name, values } of initialWeights(config, 0, trainer.scratch)) trainer.write(name, values);
  const batch = batchOf(
    Array.from({ length: sequences }, (_, sequence) =>
      Int32Array.from(
        { length: sequenceLength + 1 },
        (_, at) => ((sequence * 8191 + at) * 7919 + 1) % config.vocabularySize,
      ),
    ),
  );
  const seconds: number[] = [];
  const progress = createProgress('measuring', 'runs');
  for (let run = 0; run <= options.runs; run++) {
    signal.throwIfAborted();
    progress.update(run, options.runs + 1);
    const began = performance.now();
    await trainer.accumulate(batch);
    await trainer.update({ update: run + 1, learningRate: 0.001, runs: 1 });
    // the first step warms the engine's compiler up
    if (run > 0) seconds.push((performance.now() - began) / 1000);
  }
  progress.end();
  const resident = process.memoryUsage.rss() - before;
  const limits = await measureLimits(backend.threads);
  const tokens = sequences * sequenceLength;
  const flops = 3 * flopsPerToken(config, sequenceLength);
  const rate = tokens / Math.min(...seconds);
  const median = tokens / seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
  const gflops = (rate * flops) / 1e9;
  const { clockGflops } = limits;
  const result = {
    shape: options.shape,
    backend: backend.description,
    parameters: countParameters(config),
    flopsPerToken: flops,
    tokensPerStep: tokens,
    tokensPerSecond: rate,
    medianTokensPerSecond: median,
    gflops,
    limits,
    plannedBytes: trainer.memory.total,
    residentBytes: resident,
    seconds,
  };
  if (options.json === true) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log(
    `${options.shape}: ${formatCount(result.parameters)} parameters, ${sequences} x ${sequenceLength} tokens a step, ` +
      `${formatCount(flops)}FLOP a token (spec section 4, times 3)`,
  );
  console.log(`${backend.description}, node ${process.versions.node}, best of ${seconds.length}\n`);
  const share = (limit: number): string => `${Math.round((100 * gflops) / limit)}%`;
  const achieved = `${gflops.toFixed(1)} GFLOP/s`;
  printTable(
    ['', 'speed', 'achieved', 'limit', 'share'],
    [
      ['best step', formatRate(rate), achieved, `${clockGflops.toFixed(1)} GFLOP/s (clock x 16)`, share(clockGflops)],
      ['', '', '', `${limits.fmaGflops.toFixed(1)} GFLOP/s (FMA)`, share(limits.fmaGflops)],
      ['median step', formatRate(median), '', '', ''],
    ],
  );
  console.log(`\nmemory: planned ${formatBytes(result.plannedBytes)}, grown by ${formatBytes(resident)}`);
  if (shape.peer !== undefined) console.log(`peer: ${shape.peer}`);
}
