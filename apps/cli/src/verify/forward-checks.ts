/** The forward checks of a golden folder: one model, every way to run it, the same numbers. */
import { createModelMemory, createRunner, memoryShape, type Runner, type Segment } from '@yoco-u/engine';
import type { ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import { type CheckResult, createResults, type ResultListener } from './check-result.ts';
import type { Golden } from './golden.ts';
import { tensorError } from './tensor-error.ts';

interface Subject {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  readonly golden: Golden;
}

/** Chunk lengths that start and end on both sides of multiples of 8. */
const chunkLengths = [1, 7, 3, 8, 5, 2, 16];

/** Runs all checks; a token list that differs counts as an infinite error. */
export async function runForwardChecks(
  subject: Subject,
  tolerance: number,
  listener?: ResultListener,
): Promise<readonly CheckResult[]> {
  const { golden } = subject;
  const results = createResults(listener);
  const add = (item: string, error: number) => results.add({ item, error, pass: error <= tolerance });
  const against = (got: Float32Array): number => tensorError(got, golden.logits, golden.largest);
  await add('logits, full forward', against(await fullForward(subject)));
  await add('loss', tensorError([await meanLoss(subject)], [golden.loss], golden.largest));
  await add('logits, chunked prefill', against(await chunkedPrefill(subject)));
  await add('logits, chunked prefill with early exit', await earlyExitError(subject));
  await add('logits, token by token', against(await tokenByToken(subject)));
  const ways = [
    ['full forward', greedyByFullForward],
    ['chunked prefill and decode', greedyByPrefill],
    ['token by token', greedyByDecode],
  ] as const;
  for (const [way, greedy] of ways) {
    const ids = await greedy(subject);
    const agrees = ids.length === golden.greedy.length && ids.every((id, index) => id === golden.greedy[index]);
    await add(`greedy tokens, ${way}`, agrees ? 0 : Number.POSITIVE_INFINITY);
  }
  return results.all;
}

export async function fullForward({ backend, config, parameters, golden }: Subject): Promise<Float32Array> {
  const rows = golden.tokens.reduce((sum, ids) => sum + ids.length, 0);
  const options = {
    maxRows: rows,
    maxSegments: golden.tokens.length,
    outputs: 'all',
    head: 'logits',
    parameters,
  } as const;
  using runner = await createRunner(backend, config, options);
  runner.run(golden.tokens.map((tokens, slot) => ({ tokens, start: 0, slot })));
  const logits = new Float32Array(golden.logits.length);
  await runner.read(logits);
  return logits;
}

async function meanLoss({ backend, config, parameters, golden }: Subject): Promise<number> {
  const targets = golden.targets.flatMap((ids) => [...ids]);
  const options = {
    maxRows: targets.length,
    maxSegments: golden.tokens.length,
    outputs: 'all',
    head: 'loss',
    parameters,
  } as const;
  using runner = await createRunner(backend, config, options);
  runner.run(
    golden.tokens.map((tokens, slot) => ({ tokens, start: 0, slot })),
    [],
    { targets },
  );
  const losses = new Float64Array(targets.length);
  await runner.read(losses);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** A runner with memory for the golden sequences, one slot each. */
async function remember(subject: Subject, maxRows: number, outputs: 'all' | number) {
  const { backend, config, parameters, golden } = subject;
  const slots = golden.tokens.length;
  const longest = Math.max(...golden.tokens.map((ids) => ids.length), golden.prompt.length + golden.greedy.length);
  const memory = createModelMemory(backend, config, memoryShape(slots, longest));
  const runner = await createRunner(backend, config, {
    maxRows,
    maxSegments: slots,
    outputs,
    head: 'logits',
    parameters,
    memory,
  });
  return {
    runner,
    [Symbol.dispose]() {
      runner[Symbol.dispose]();
      memory[Symbol.dispose]();
    },
  };
}

/** The chunks of a sequence: start and length, cycling through `chunkLengths`. */
function* chunks(length: number): Generator<{ readonly start: number; readonly rows: number }> {
  for (let start = 0, turn = 0; start < length; turn++) {
    const rows = Math.min(chunkLengths[turn % chunkLengths.length]!, length - start);
    yield { start, rows };
    start += rows;
  }
}

export async function chunkedPrefill(subject: Subject): Promise<Float32Array> {
  const { golden, config } = subject;
  const V = config.vocabularySize;
  using held = await remember(subject, Math.max(...chunkLengths), 'all');
  const logits = new Float32Array(golden.logits.length);
  let base = 0;
  for (const [slot, tokens] of golden.tokens.entries()) {
    for (const { start, rows } of chunks(tokens.length)) {
      held.runner.run([{ tokens: tokens.subarray(start, start + rows), start, slot }]);
      await held.runner.read(logits.subarray((base + start) * V, (base + start + rows) * V));
    }
    base += tokens.length;
  }
  return logits;
}

/** The last row of every chunk's prefix, the last stage's layers running on that row alone. */
async function earlyExitError(subject: Subject): Promise<number> {
  const { golden, config } = subject;
  const V = config.vocabularySize;
  using held = await remember(subject, Math.max(...chunkLengths), 1);
  const row = new Float32Array(V);
  let worst = 0;
  let base = 0;
  for (const [slot, tokens] of golden.tokens.entries()) {
    for (const { start, rows } of chunks(tokens.length)) {
      held.runner.run([{ tokens: tokens.subarray(start, start + rows), start, slot }], [rows - 1]);
      await held.runner.read(row);
      const at = (base + start + rows - 1) * V;
      worst = Math.max(worst, tensorError(row, golden.logits.subarray(at, at + V), golden.largest));
    }
    base += tokens.length;
  }
  return worst;
}

/** All sequences at once, one token of each a run. */
export async function tokenByToken(subject: Subject): Promise<Float32Array> {
  const { golden, config } = subject;
  const V = config.vocabularySize;
  const length = golden.tokens[0]!.length;
  using held = await remember(subject, golden.tokens.length, 'all');
  const logits = new Float32Array(golden.logits.length);
  for (let start = 0; start < length; start++) {
    held.runner.run(golden.tokens.map((ids, slot) => ({ tokens: ids.subarray(start, start + 1), start, slot })));
    for (const slot of golden.tokens.keys()) {
      const at = (slot * length + start) * V;
      await held.runner.read(logits.subarray(at, at + V), slot);
    }
  }
  return logits;
}

async function greedyByFullForward({ backend, config, parameters, golden }: Subject): Promise<number[]> {
  const V = config.vocabularySize;
  const maxRows = golden.prompt.length + golden.greedy.length;
  using runner = await createRunner(backend, config, {
    maxRows,
    maxSegments: 1,
    outputs: 'all',
    head: 'logits',
    parameters,
  });
  const logits = new Float32Array(V);
  const ids = [...golden.prompt];
  while (ids.length < maxRows) {
    runner.run([{ tokens: ids, start: 0, slot: 0 }]);
    await runner.read(logits, ids.length - 1);
    ids.push(likeliest(logits));
  }
  return ids.slice(golden.prompt.length);
}

async function greedyByPrefill(subject: Subject): Promise<number[]> {
  const { prompt } = subject.golden;
  using held = await remember(subject, Math.max(...chunkLengths), 1);
  for (const { start, rows } of chunks(prompt.length)) {
    held.runner.run([{ tokens: prompt.subarray(start, start + rows), start, slot: 0 }], [rows - 1]);
  }
  return await continueGreedily(subject, held.runner);
}

async function greedyByDecode(subject: Subject): Promise<number[]> {
  using held = await remember(subject, 1, 1);
  for (const [start, id] of subject.golden.prompt.entries()) held.runner.run([{ tokens: [id], start, slot: 0 }], [0]);
  return await continueGreedily(subject, held.runner);
}

async function continueGreedily({ config, golden }: Subject, runner: Runner): Promise<number[]> {
  const logits = new Float32Array(config.vocabularySize);
  const ids: number[] = [];
  for (;;) {
    await runner.read(logits);
    ids.push(likeliest(logits));
    if (ids.length === golden.greedy.length) return ids;
    const segment: Segment = { tokens: ids.slice(-1), start: golden.prompt.length + ids.length - 1, slot: 0 };
    runner.run([segment], [0]);
  }
}

function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}
