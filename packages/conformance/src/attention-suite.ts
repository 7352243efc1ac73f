/** Attention variants: what they declare, and that every way to feed a sequence gives the same numbers. */
import { type AnyAttentionVariant, type AttentionContext, type Backend, YocoError } from '@yoco-u/spec';
import { baseKernels, byteLength, f32 } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import {
  type AttentionSubject,
  capacity,
  copySlot,
  createLayer,
  createMemory,
  type Feed,
  type Layer,
  parseSubject,
  recordAttention,
} from './attention-layer.ts';
import { disposeAll } from './device-call.ts';
import { expectEqual, expectThat } from './expectations.ts';
import type { BackendChoice } from './kernel-suite.ts';
import { listeningGraph } from './listening-graph.ts';
import { expectClose, expectSameBits, randomArray } from './numbers.ts';
import { type CheckOf, createSuite, type Suite } from './suite.ts';

export interface AttentionSuiteOptions {
  /** Models and stages to try, odd sizes among them. `describe` names a context by its `where`. */
  readonly contexts: readonly AttentionContext[];
  /** Backends that have the variant's kernels. */
  readonly backends: readonly BackendChoice[];
  /** One piece, chunks and single tokens agree bit for bit on devices; else to rounding. */
  readonly exactBits?: boolean;
  /** Largest difference from the float64 definition, as a part of the largest magnitude. Default 1e-4. */
  readonly tolerance?: number;
}

/** The suites of `describeAttentionVariant`, for use without vitest. */
export function attentionSuites(variant: AnyAttentionVariant, options: AttentionSuiteOptions): readonly Suite[] {
  const { contexts, backends, exactBits = false, tolerance = 1e-4 } = options;
  const title = `attention ${variant.stage} ${variant.name}`;
  return contexts.flatMap((context) => {
    const subject = () => parseSubject(variant, context);
    return [
      createSuite(`${title}, ${context.where}`, () => ({}), declarationChecks(variant, context)),
      ...backends.map(({ name, create }) => {
        const checks = runChecks(exactBits, tolerance).map(
          ([check, run]): CheckOf<Backend> => [check, (backend) => run({ ...subject(), backend })],
        );
        return createSuite(`${title}, ${context.where} on ${name}`, create, checks);
      }),
    ];
  });
}

function declarationChecks(variant: AnyAttentionVariant, context: AttentionContext): readonly CheckOf<object>[] {
  const where = `attention ${variant.name}`;
  const subject = () => parseSubject(variant, context);
  return [
    ['declares sound parameters', () => checkParameters(where, subject())],
    ['declares states whose bytes follow the tokens', () => checkStates(where, subject())],
    ['lists every kernel that it records, gradients included', () => checkKernels(where, subject())],
    ['costs something, and a finite amount', () => checkCost(where, subject())],
    ['names the stage key that it cannot use', () => checkStageKeys(where, variant, context)],
  ];
}

function checkParameters(where: string, subject: AttentionSubject): void {
  const { variant, config } = subject;
  const lists = [variant.parameters(config), variant.stageParameters?.(config) ?? []];
  for (const parameters of lists) {
    const names = parameters.map(({ name }) => name);
    expectEqual(`${where}: parameter names`, [...new Set(names)], names);
    for (const { name, shape, use } of parameters) {
      const sound = shape.length > 0 && shape.every((size) => Number.isSafeInteger(size) && size > 0);
      expectThat(sound, `${where}: parameter '${name}'`, 'integer sizes > 0', `[${shape.join(', ')}]`);
      const fits = use === 'matrix' ? shape.length === 2 : true;
      expectThat(fits, `${where}: matrix '${name}'`, 'a shape [out, in]', `[${shape.join(', ')}]`);
    }
  }
}

function checkStates(where: string, subject: AttentionSubject): void {
  const { variant, config } = subject;
  for (const states of [variant.state(config, capacity), variant.stageState?.(config, capacity) ?? []]) {
    const names = states.map(({ name }) => name);
    expectEqual(`${where}: state names`, [...new Set(names)], names);
    for (const { name, kind, entry, bytesInUse } of states) {
      const state = `${where}: state '${name}'`;
      const sound = entry.shape.every((size) => Number.isSafeInteger(size) && size > 0);
      expectThat(sound, state, 'integer sizes > 0', `[${entry.shape.join(', ')}]`);
      let before = 0;
      for (let tokens = 1; tokens <= capacity.contextLength; tokens++) {
        const bytes = bytesInUse(tokens);
        const at = `${state}: bytesInUse(${tokens})`;
        expectThat(Number.isSafeInteger(bytes) && bytes > 0, at, 'an integer > 0', bytes);
        expectThat(bytes >= before, at, `at least the ${before} of a token less`, bytes);
        expectThat(bytes % entry.format.blockBytes === 0, at, `whole blocks of ${entry.format.blockBytes}`, bytes);
        const room = byteLength(entry) * (kind === 'append' ? Math.ceil(tokens / capacity.pageLength) : 1);
        expectThat(bytes <= room, at, `at most the ${room} bytes reserved`, bytes);
        if (kind === 'fixed') expectEqual(at, bytes, bytesInUse(1));
        before = bytes;
      }
    }
  }
}

function checkKernels(where: string, subject: AttentionSubject): void {
  const { variant } = subject;
  const listed = new Map([...baseKernels, ...variant.kernels].map((kernel) => [kernel.name, kernel]));
  for (const memory of [false, true]) {
    const { graph, calls } = listeningGraph();
    const { output } = recordAttention(graph, subject, { maxRows: 5, memory, backend: { matrixFormat: f32 } });
    expectEqual(`${where}: the output`, output.type.shape, [5, subject.context.model.hiddenSize]);
    // gradients of calls that training records; an input stands in for what would flow in
    for (const [index, call] of memory ? [] : [...calls].entries()) {
      const incoming = call.outputs.map(({ type }, i) => graph.declare('input', `gradient ${index} ${i}`, type));
      call.kernel.backward?.(graph, call, incoming, []);
    }
    for (const { kernel } of calls) {
      const known = listed.get(kernel.name) === kernel;
      expectThat(known, `${where}: kernels`, `'${kernel.name}' among them, or a base kernel`, 'it is not listed');
    }
  }
}

function checkCost(where: string, { variant, config }: AttentionSubject): void {
  for (const tokens of [1, 7, 1000, 1_000_000]) {
    const { layer, stage } = variant.cost(config, tokens);
    expectThat(Number.isFinite(layer) && layer > 0, `${where}: cost(${tokens}).layer`, 'a finite number > 0', layer);
    expectThat(Number.isFinite(stage) && stage >= 0, `${where}: cost(${tokens}).stage`, 'a finite number ≥ 0', stage);
  }
}

/** Nothing means {} or NaN; what else a key may be is the variant's own. */
function checkStageKeys(where: string, variant: AnyAttentionVariant, context: AttentionContext): void {
  const wrong = [{}, Number.NaN, null, -1, 0, 0.5, 'nonsense', true, []];
  for (const key of variant.stageKeys) {
    const { [key]: _, ...without } = context.stage;
    const stages = [without, ...wrong.map((value) => ({ ...without, [key]: value }))];
    stages.forEach((stage, index) => {
      const what = index === 0 ? 'nothing' : String(JSON.stringify(wrong[index - 1]));
      let thrown: unknown;
      try {
        variant.parse({ ...context, stage });
      } catch (error) {
        thrown = error;
      }
      if (thrown === undefined) {
        // a key may have a default, or take numbers or texts: but not an object without keys, and not NaN
        expectThat(index !== 1 && index !== 2, `${where}: parse with ${key} = ${what}`, 'a ConfigError', 'none');
        return;
      }
      const named = YocoError.isInstance(thrown) && thrown.code === 'config' && thrown.message.includes(key);
      expectThat(named, `${where}: parse with ${key} = ${what}`, `a ConfigError naming '${key}'`, thrown);
    });
  }
}

interface RunSubject extends AttentionSubject {
  readonly backend: Backend;
}

const length = 41;

/** Inputs [rows, C] of a sequence. */
function sequence({ context }: AttentionSubject, seed: number, rows = length): Float32Array {
  return randomArray(rows * context.model.hiddenSize, seed, 1.5);
}

/** Feeds a sequence in chunks, from position `start` on, and returns the results of all its rows. */
async function inChunks(
  subject: AttentionSubject,
  layer: Layer,
  x: Float32Array,
  chunk: number,
  { slot = 1, start = 0 } = {},
): Promise<Float32Array> {
  const C = subject.context.model.hiddenSize;
  const results = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += chunk * C) {
    const part = x.subarray(at, Math.min(at + chunk * C, x.length));
    const [got] = await layer.feed([{ slot, start: start + at / C, x: part }]);
    results.set(got!, at);
  }
  return results;
}

/** A layer over a memory of its own. */
async function withMemory(subject: RunSubject, maxRows: number, poisoned = false) {
  const memory = createMemory(subject.backend, subject, poisoned);
  const layer = await createLayer(subject.backend, subject, maxRows, memory);
  return { memory, layer, [Symbol.dispose]: () => disposeAll([layer, ...Object.values(memory)]) };
}

/** The whole sequence in one run without memory. */
async function inOnePiece(subject: RunSubject, x: Float32Array): Promise<Float32Array> {
  const C = subject.context.model.hiddenSize;
  using layer = await createLayer(subject.backend, subject, x.length / C + 2);
  return (await layer.feed([{ slot: 0, start: 0, x }]))[0]!;
}

function runChecks(exactBits: boolean, tolerance: number): readonly CheckOf<RunSubject>[] {
  const same = (where: string, got: Float32Array, expected: Float32Array): void =>
    exactBits ? expectSameBits(where, got, expected) : expectClose(where, got, expected, tolerance);
  return [
    [
      'gives the numbers of its float64 definition, in one piece',
      async (subject) => {
        const x = sequence(subject, 1);
        await using oracle = createReferenceBackend({ kernels: subject.variant.kernels });
        const expected = await inOnePiece({ ...subject, backend: oracle }, x);
        expectThat(expected.every(Number.isFinite), 'the definition', 'finite numbers', 'others');
        const got = await inOnePiece(subject, x);
        expectClose('one piece', got, expected, tolerance);
        expectSameBits('one piece again', await inOnePiece(subject, x), got);
      },
    ],
    [
      'sees nothing before a segment where there is no memory, whatever its slot and position',
      async (subject) => {
        const x = sequence(subject, 15, 11);
        const feed = { slot: 0, start: 13, x };
        await using oracle = createReferenceBackend({ kernels: subject.variant.kernels });
        using definition = await createLayer(oracle, subject, 11);
        using layer = await createLayer(subject.backend, subject, 13);
        const [expected] = await definition.feed([feed]);
        const [got] = await layer.feed([feed]);
        expectClose('a segment from position 13 on', got!, expected!, tolerance);
        const [elsewhere] = await layer.feed([{ ...feed, slot: 12345 }]);
        expectSameBits('in a slot that there is not', elsewhere!, got!);
      },
    ],
    [
      'gives the same numbers in chunks and token by token',
      async (subject) => {
        const x = sequence(subject, 1);
        const whole = await inOnePiece(subject, x);
        for (const chunk of [length, 16, 7, 1]) {
          using over = await withMemory(subject, chunk === 1 ? 1 : 20 + chunk);
          same(`chunks of ${chunk}`, await inChunks(subject, over.layer, x, chunk), whole);
        }
      },
    ],
    ['lets programs of different sizes go on with one memory', (subject) => checkTwoPrograms(subject, same)],
    ['keeps sequences of one run apart, bit for bit', checkTogether],
    ['needs no clearing of a slot', checkReuse],
    ['does not look ahead', checkCausality],
    ['goes on in another slot to which its state was copied', checkCopiedSlot],
    ['gives the rows that are wanted, and only those', (subject) => checkWanted(subject, same)],
  ];
}

/** Prefill in chunks, then decode in a program of one row. */
async function checkTwoPrograms(
  subject: RunSubject,
  same: (where: string, got: Float32Array, expected: Float32Array) => void,
): Promise<void> {
  const C = subject.context.model.hiddenSize;
  const x = sequence(subject, 2);
  const whole = await inOnePiece(subject, x);
  using over = await withMemory(subject, 24);
  using decode = await createLayer(subject.backend, subject, 1, over.memory);
  const prompt = await inChunks(subject, over.layer, x.subarray(0, 19 * C), 11);
  same('the prompt', prompt, whole.slice(0, prompt.length));
  const rest = await inChunks(subject, decode, x.subarray(19 * C), 1, { start: 19 });
  same('what follows', rest, whole.slice(prompt.length));
}

async function checkTogether(subject: RunSubject): Promise<void> {
  const C = subject.context.model.hiddenSize;
  const sequences = [sequence(subject, 3, 23), sequence(subject, 4, 12), sequence(subject, 5, 30)];
  const order = [2, 0, 1];
  using together = await withMemory(subject, 40);
  using apart = await withMemory(subject, 40);
  using once = await createLayer(subject.backend, subject, 70);
  const pieces = await once.feed(sequences.map((x, slot) => ({ slot, start: 0, x })));
  for (const [slot, x] of sequences.entries()) {
    const [alone] = await once.feed([{ slot, start: 0, x }]);
    expectSameBits(`sequence ${slot} without memory`, pieces[slot]!, alone!);
  }
  for (let at = 0; at < 30; at += 7) {
    // a sequence that has ended stays in the table, without rows
    const feeds: Feed[] = order.map((slot) => {
      const start = Math.min(at, sequences[slot]!.length / C);
      return { slot, start, x: sequences[slot]!.subarray(start * C, (start + 7) * C) };
    });
    const results = await together.layer.feed(feeds);
    for (const [index, feed] of feeds.entries()) {
      if (feed.x.length === 0) continue;
      const [alone] = await apart.layer.feed([feed]);
      expectSameBits(`sequence ${feed.slot} from ${feed.start}`, results[index]!, alone!);
    }
  }
}

async function checkReuse(subject: RunSubject): Promise<void> {
  const x = sequence(subject, 6, 25);
  using fresh = await withMemory(subject, 9);
  using used = await withMemory(subject, 9);
  await inChunks(subject, used.layer, sequence(subject, 7), 9);
  const expected = await inChunks(subject, fresh.layer, x, 9);
  expectSameBits('a second sequence in a slot', await inChunks(subject, used.layer, x, 9), expected);
  using poisoned = await withMemory(subject, 9, true);
  expectSameBits('a sequence in memory full of NaN', await inChunks(subject, poisoned.layer, x, 9), expected);
}

async function checkCausality(subject: RunSubject): Promise<void> {
  const C = subject.context.model.hiddenSize;
  const x = sequence(subject, 8, 20);
  for (const changed of [19, 8, 1]) {
    const other = x.slice();
    for (let i = changed * C; i < other.length; i++) other[i] = 2 - other[i]!;
    for (const remembers of [false, true]) {
      const feed = async (rows: Float32Array): Promise<Float32Array> => {
        if (!remembers) return inOnePiece(subject, rows);
        using over = await withMemory(subject, 13);
        return await inChunks(subject, over.layer, rows, 13);
      };
      const [before, after] = [await feed(x), await feed(other)];
      const where = `rows before ${changed}, ${remembers ? 'with' : 'without'} memory`;
      expectSameBits(where, after.slice(0, changed * C), before.slice(0, changed * C));
      const row = after.subarray(changed * C, (changed + 1) * C);
      const moved = row.some((value, i) => value !== before[changed * C + i]);
      expectThat(moved, `row ${changed}`, 'another result for another token', 'the same');
    }
  }
}

async function checkCopiedSlot(subject: RunSubject): Promise<void> {
  const C = subject.context.model.hiddenSize;
  const [x, rest] = [sequence(subject, 9, 18), sequence(subject, 10, 5)];
  using over = await withMemory(subject, 18);
  await over.layer.feed([{ slot: 2, start: 0, x: sequence(subject, 11, 18) }]);
  await over.layer.feed([{ slot: 0, start: 0, x }]);
  copySlot(subject.backend, subject, over.memory, 0, 2);
  const expected = await inChunks(subject, over.layer, rest, 3, { slot: 0, start: x.length / C });
  const got = await inChunks(subject, over.layer, rest, 3, { slot: 2, start: x.length / C });
  expectSameBits('the copy', got, expected);
}

async function checkWanted(
  subject: RunSubject,
  same: (where: string, got: Float32Array, expected: Float32Array) => void,
): Promise<void> {
  if (subject.variant.stage !== 'cross') return;
  const C = subject.context.model.hiddenSize;
  const sequences = [sequence(subject, 12, 21), sequence(subject, 13, 1), sequence(subject, 14, 10)];
  const feeds = sequences.map((x, slot) => ({ slot, start: 0, x }));
  using over = await withMemory(subject, 35);
  const all = await over.layer.feed(feeds);
  for (const wanted of [[0], [20], [0, 1, 2, 5, 9, 20]]) {
    const some = await over.layer.feed(feeds, wanted);
    for (const [slot, rows] of all.entries()) {
      const expected = wanted.flatMap((row) => [...rows.subarray(row * C, (row + 1) * C)]);
      same(`rows ${wanted.join(', ')} of sequence ${slot}`, some[slot]!, Float32Array.from(expected));
    }
  }
}
