/** How fast a backend is for a model: a chunk of a prompt and a few decoded tokens, with weights that mean nothing. */
import { createModelMemory, createRunner, memoryShape, type Runner, randomParameters } from '@yoco-u/engine';
import { countParameters, listParameters, type ModelConfig } from '@yoco-u/model';
import { type Backend, type DeviceBuffer, YocoError } from '@yoco-u/spec';
import { f32 } from '@yoco-u/tensor';

/** Seconds a token. */
export interface BackendSpeed {
  /** Of a prompt, read in one chunk. */
  readonly prefill: number;
  readonly decode: number;
}

const mostChunkRows = 64;
const mostTokens = 128;
/** Each of the two is measured so often, or until this is over: the best counts. */
const mostRuns = 8;
const runMs = 300;
/** Larger models are tried with fewer layers: the ratio of two backends stays about the same. */
const mostWeightBytes = 2 ** 28;
const mostIterations = 4;

/** The model itself, or, where that would take long, one of the same widths and fewer layers. */
export function trialModel(model: ModelConfig): ModelConfig {
  let stages = model.stages.map((stage) => ({ ...stage, iterations: Math.min(stage.iterations, mostIterations) }));
  const isLarge = (): boolean => 4 * countParameters({ ...model, stages }) > mostWeightBytes;
  while (isLarge() && stages.some(({ layers }) => layers.length > 1)) {
    stages = stages.map((stage) => ({ ...stage, layers: stage.layers.slice(0, Math.ceil(stage.layers.length / 2)) }));
  }
  return { ...model, stages };
}

/** Measures the model on the backend. What it takes is given back, whatever happens. */
export async function measureBackend(backend: Backend, model: ModelConfig): Promise<BackendSpeed> {
  const tokens = Math.min(mostTokens, model.contextLength);
  const rows = Math.min(mostChunkRows, tokens);
  const owned: Disposable[] = [];
  try {
    const parameters = randomParameters(backend, model);
    owned.push(...Object.values<DeviceBuffer>(parameters));
    const memory = createModelMemory(backend, model, memoryShape(1, tokens));
    owned.push(memory);
    const secondsOf = async (maxRows: number, start: number): Promise<number> => {
      const best = { k: 1, among: model.vocabularySize };
      const options = { maxRows, maxSegments: 1, outputs: 1, head: 'logits', best, memory, parameters } as const;
      const runner = await createRunner(backend, model, options);
      owned.push(runner);
      return (await bestSeconds(runner, maxRows, start)) / maxRows;
    };
    return { prefill: await secondsOf(rows, 0), decode: await secondsOf(1, tokens - 1) };
  } finally {
    for (const one of owned.reverse()) one[Symbol.dispose]();
  }
}

/** The best of a few runs behind one that compiles and warms up. */
async function bestSeconds(runner: Runner, rows: number, start: number): Promise<number> {
  const pair = new Float32Array(2);
  const segments = [{ tokens: new Int32Array(rows), start, slot: 0 }];
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + runMs;
  for (let run = 0; run <= mostRuns && (run < 2 || performance.now() < end); run++) {
    const began = performance.now();
    runner.run(segments, [rows - 1], { best: 1 });
    await runner.readBest(pair);
    if (run > 0) best = Math.min(best, performance.now() - began);
  }
  return best / 1000;
}

/** What a backend says that has no room for the weights and caches of a model: they are taken, and given back. */
export async function findLackOfRoom(
  backend: Backend,
  model: ModelConfig,
  caches?: { readonly sequences: number; readonly contextLength: number },
): Promise<string | undefined> {
  const owned: Disposable[] = [];
  try {
    for (const { shape, use } of listParameters(model)) {
      owned.push(backend.allocate({ shape, format: use === 'matrix' ? backend.matrixFormat : f32 }));
    }
    if (caches !== undefined) {
      owned.push(createModelMemory(backend, model, memoryShape(caches.sequences, caches.contextLength)));
    }
    await backend.settled();
    return undefined;
  } catch (error) {
    // some devices are lost over it
    if (!YocoError.isInstance(error)) throw error;
    return error.message;
  } finally {
    for (const one of owned.reverse()) one[Symbol.dispose]();
  }
}
