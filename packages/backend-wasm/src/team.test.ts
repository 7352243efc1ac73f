import { Worker } from 'node:worker_threads';
import type { AnyWasmKernel, Backend, Binding, KernelSpec, NumberArray, Program } from '@yoco-u/spec';
import { add, f32, f32Panels8, i32, linear, rmsNorm, tensorType } from '@yoco-u/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { control, controlBytes } from './control-block.ts';
import { countCalls, foreignModule, relay, trapOn } from './foreign-modules.ts';
import { createWasmBackend } from './index.ts';
import { instantiate } from './instantiate.ts';
import { createModuleLoader } from './loader.ts';
import { createLinearMemory } from './memory.ts';
import { runtimeModule } from './runtime.wasm.ts';
import { type Data, dataOf, numbers, record, runProgram } from './testing.ts';

describe('a team of four whose other threads do not come', () => {
  const threads = 4;
  const shared = 0;
  const serial = 1;

  /** Function 0 counts the calls of each share in the words at `counts`, function 1 traps on share 2. */
  async function alone(entries: readonly (readonly [target: number, serial: number])[]) {
    const memory = createLinearMemory({ shared: true, limitBytes: 2 ** 20 });
    const { maximumPages } = memory;
    const loader = createModuleLoader({ shared: true, maximumPages, simd: 'baseline' });
    const load = async (body: readonly number[]) => {
      const { module } = await loader.load(foreignModule('f', { body }), ['f']);
      return { module, exports: ['f'], stackTop: 0 };
    };
    const modules = [await load(countCalls), await load(trapOn(2))];
    const interpreter = instantiate(memory.memory, await loader.loadRuntime(runtimeModule), modules);
    const block = memory.allocate(controlBytes(threads), 'control');
    const list = memory.allocate(entries.length * 16, 'list');
    const counts = memory.allocate(threads * 4, 'counts').address >> 2;
    const kernelArguments = memory.allocate(64, 'arguments');
    const { words } = memory;
    words[(kernelArguments.address >> 2) + 4] = counts << 2;
    entries.forEach(([target, limit], index) => {
      words.set([target, kernelArguments.address, 0, limit], (list.address >> 2) + index * 4);
    });
    const word = (at: number) => (block.address + at) >> 2;
    words[word(control.threads)] = threads;
    words[word(control.list)] = list.address;
    words[word(control.entries)] = entries.length;
    return {
      start: () => interpreter.start(block.address) !== 0,
      help: (thread: number) => interpreter.help(block.address, thread),
      fail(thread: number) {
        words[word(control.failed)] = thread + 1;
        interpreter.fail(block.address, thread);
      },
      recover() {
        words[word(control.failed)] = 0;
      },
      counts: () => [...words.subarray(counts, counts + threads)],
      /** What becomes of a list whose memory was taken by something else. */
      spoil: () => void words.fill(-1, list.address >> 2, (list.address + list.bytes) >> 2),
      runsOn: () => (words[word(control.ticket)]! & 1) !== 0,
    };
  }

  test('a run comes to its end, and every share was run once', async () => {
    const team = await alone([[0, shared], [0, shared], [0, serial], [0, shared]]); // biome-ignore format: a list
    expect(team.start()).toBe(true);
    team.help(0);
    expect(team.counts()).toEqual([4, 3, 3, 3]);
  });

  test('entries that are one whole need no run of all', async () => {
    const team = await alone([[0, serial], [0, serial]]); // biome-ignore format: a list
    expect(team.start()).toBe(false);
    expect(team.counts()).toEqual([2, 0, 0, 0]);
  });

  test('any thread takes a run to its end', async () => {
    const team = await alone([[0, serial], [0, shared], [0, serial]]); // biome-ignore format: a list
    expect(team.start()).toBe(true);
    team.help(3);
    expect(team.counts()).toEqual([3, 1, 1, 1]);
    expect(team.runsOn()).toBe(false);
  });

  test('who comes after the end touches nothing', async () => {
    const team = await alone([[0, shared]]);
    team.start();
    team.help(0);
    team.spoil();
    for (const thread of [1, 2, 3]) team.help(thread);
    expect(team.counts()).toEqual([1, 1, 1, 1]);
  });

  test.each([0, 3])('a trap on thread %i ends the run, shares and entries left are not run', async (thread) => {
    const team = await alone([[0, shared], [1, shared], [0, shared]]); // biome-ignore format: a list
    for (let round = 1; round <= 3; round++) {
      expect(team.start()).toBe(true);
      expect(() => team.help(thread)).toThrow('unreachable');
      team.fail(thread);
      team.help(0);
      expect(team.runsOn()).toBe(false);
      for (const late of [1, 2, 3]) team.help(late);
      expect(team.counts()).toEqual([round, round, round, round]);
      team.recover();
    }
  });
});

interface Case {
  readonly program: Program;
  readonly data: Data;
  /** The first elements of the output `y`, by the number of threads. */
  expected(threads: number): NumberArray;
}

const mostThreads = 8;
const relaySpec: KernelSpec<object> = {
  name: 'relay',
  infer: ([x]) => [x!],
  cost: () => ({ flops: 0, bytes: 8 * mostThreads }),
  reference: () => {},
};
const relayKernel: AnyWasmKernel = {
  abi: 1,
  kernel: 'relay',
  module: foreignModule('relay', { body: relay }),
  phases: ['f'],
  encode: () => [],
};

/** Calls whose shares each need what another share of the call before wrote. */
function relays(count: number): Case {
  const program = record((graph) => {
    let x = graph.declare('input', 'x', tensorType(i32, mostThreads));
    for (let call = 0; call < count; call++) x = graph.call(relaySpec, [x], {})[0]!;
    return { y: x };
  });
  const x = Int32Array.from({ length: mostThreads }, (_, index) => index * 1000);
  const expected = (threads: number) => x.subarray(0, threads).map((_, at) => x[(at + count) % threads]! + count);
  return { program, data: { x }, expected };
}

/** Calls of base kernels, some for all threads, some one whole. */
async function layers(count: number, rows: number, columns: number): Promise<Case> {
  const program = record((graph) => {
    let x = graph.declare('input', 'x', tensorType(f32, rows, columns));
    for (let layer = 0; layer < count; layer++) {
      const weight = graph.declare('parameter', `w${layer}`, tensorType(f32Panels8, columns, columns));
      const [normed] = graph.call(rmsNorm, [x], { eps: 1e-5 });
      const [y] = graph.call(linear, [normed!, weight], {});
      x = graph.call(add, [x, y!], {})[0]!;
    }
    return { y: x };
  });
  await using one = await createWasmBackend({ threads: 1 });
  const data = dataOf(program);
  const { y } = await runProgram(one, program, data);
  return { program, data, expected: () => y! };
}

/** A program bound to buffers of its own. */
interface Bound {
  bind(): Binding;
  check(): Promise<void>;
}

async function bound(backend: Backend, { program, data, expected }: Case): Promise<Bound> {
  const executable = await backend.compile(program);
  const tensors = program.tensors.filter(({ role }) => role !== 'temporary');
  const buffers = Object.fromEntries(tensors.map(({ name, type }) => [name, backend.allocate(type)]));
  for (const [name, values] of Object.entries(data)) backend.write(buffers[name]!, values);
  const wanted = expected(backend.threads);
  const actual = wanted.slice();
  const stale = wanted.map(() => -1);
  return {
    bind: () => executable.bind(buffers),
    async check() {
      await backend.download(buffers.y!, actual);
      if (wanted.some((value, index) => value !== actual[index])) expect(actual).toEqual(wanted);
      backend.write(buffers.y!, stale);
    },
  };
}

describe.each(['an idle machine', 'a busy one'] as const)('runs of different lists in turns on %s', (machine) => {
  const busy: Worker[] = [];
  let cases: Case[];
  beforeAll(async () => {
    cases = [relays(1), relays(3), relays(50), await layers(1, 1, 24), await layers(2, 70, 44)];
    if (machine === 'a busy one') busy.push(new Worker('for (;;) {}', { eval: true }));
  });
  afterAll(async () => {
    for (const worker of busy) await worker.terminate();
  });

  const inTurns = async (threads: readonly number[], rounds: number) => {
    const create = (count: number) => createWasmBackend({ threads: count, kernels: [relayKernel] });
    const backends = await Promise.all(threads.map(create));
    const turns: Bound[] = [];
    for (const backend of backends) for (const each of cases) turns.push(await bound(backend, each));
    // drawn, so that a backend follows itself as well as another
    for (const draw of numbers(rounds, 5)) {
      const { bind, check } = turns[Math.floor(Math.abs(draw) * turns.length)]!;
      // its list takes the memory of one that a late thread may have in mind
      using binding = bind();
      binding.run();
      await check();
    }
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  };

  test('20,000 on 2 threads', () => inTurns([2], 20_000));
  test('with many more threads than cores', () => inTurns([8], 3_000));
  test('two backends', () => inTurns([2, 3], 5_000));
  test('two backends with more threads than cores', () => inTurns([7, 2], 3_000));
});
