/** What a backend's programs must do. */
import type { Backend, Binding, Executable, Graph, Program, Tensor } from '@yoco-u/spec';
import { addRmsNorm, createGraph, f32, i32, linear, rmsNorm, scale, swiglu, tensorType } from '@yoco-u/tensor';
import type { CreateBackend } from './backend-memory.ts';
import { allocateFor, disposeAll, read } from './device-call.ts';
import { expectEqual, expectError, expectThat } from './expectations.ts';
import { expectClose, expectSameBits, randomArray } from './numbers.ts';
import type { CheckOf } from './suite.ts';

const C = 13;
const F = 21;

/** A gated feed-forward layer with norms: enough calls that temporaries share memory. Outputs `out` [most, 13]. */
function recordLayer(backend: Backend, most: number): Program {
  const graph = createGraph();
  const rows = graph.scalar('rows', 'i32');
  const matrix = (name: string, outer: number, inner: number): Tensor =>
    graph.declare('parameter', name, tensorType(backend.matrixFormat, outer, inner));
  const project = (x: Tensor, weight: Tensor): Tensor => graph.call(linear, [x, weight], { rows })[0]!;
  const x = graph.declare('input', 'x', tensorType(f32, most, C));
  const weight = graph.declare('parameter', 'norm', tensorType(f32, C));
  const normed = graph.call(rmsNorm, [x, weight], { rows, eps: 1e-5 })[0]!;
  const gate = project(normed, matrix('gate', F, C));
  const hidden = graph.call(swiglu, [gate, project(normed, matrix('up', F, C))], { rows })[0]!;
  const down = project(hidden, matrix('down', C, F));
  const [, out] = graph.call(addRmsNorm, [x, down, weight], { rows, eps: 1e-5 });
  const scaled = graph.call(scale, [out!], { rows, factor: graph.scalar('factor', 'f32') })[0]!;
  return graph.build({ out: scaled });
}

const weights: Readonly<Record<string, Float32Array>> = {
  norm: randomArray(C, 1),
  gate: randomArray(F * C, 2),
  up: randomArray(F * C, 3),
  down: randomArray(C * F, 4),
};

/** The layer by hand, in float64. */
function expectedLayer(x: Float32Array, factor: number): Float64Array {
  const rows = x.length / C;
  const project = (from: Float64Array, weight: Float32Array, inner: number): Float64Array => {
    const outer = weight.length / inner;
    return Float64Array.from({ length: rows * outer }, (_, at) => {
      let sum = 0;
      for (let i = 0; i < inner; i++) {
        sum += from[Math.floor(at / outer) * inner + i]! * weight[(at % outer) * inner + i]!;
      }
      return sum;
    });
  };
  const norm = (from: Float64Array): Float64Array =>
    from.map((value, at) => {
      const start = at - (at % C);
      const squares = from.subarray(start, start + C).reduce((sum, entry) => sum + entry ** 2, 0);
      return (value * weights.norm![at % C]!) / Math.sqrt(squares / C + 1e-5);
    });
  const normed = norm(Float64Array.from(x));
  const up = project(normed, weights.up!, C);
  const hidden = project(normed, weights.gate!, C).map((gate, at) => (gate / (1 + Math.exp(-gate))) * up[at]!);
  const down = project(hidden, weights.down!, F);
  return norm(down.map((value, at) => value + x[at]!)).map((value) => value * factor);
}

/** The layer compiled and bound. */
interface Layer extends Disposable {
  readonly executable: Executable;
  readonly binding: Binding;
  readonly buffers: ReturnType<typeof allocateFor>;
  /** Output of as many rows as `x` holds; `beyond` fills the rows of `x` that the run does not have. */
  run(x: Float32Array, factor: number, beyond?: number): Promise<Float32Array>;
}

async function createLayer(backend: Backend, most: number): Promise<Layer> {
  const program = recordLayer(backend, most);
  const executable = await backend.compile(program);
  const buffers = allocateFor(backend, program);
  for (const [name, data] of Object.entries(weights)) backend.write(buffers[name]!, data);
  const binding = executable.bind(buffers);
  return {
    executable,
    binding,
    buffers,
    async run(x, factor, beyond = 0) {
      const all = new Float32Array(most * C).fill(beyond);
      all.set(x);
      backend.write(buffers.x!, all);
      binding.run({ rows: x.length / C, factor });
      const out = new Float32Array(x.length);
      await backend.download(buffers.out!, out);
      return out;
    },
    [Symbol.dispose]: () => disposeAll([binding, executable, ...Object.values(buffers)]),
  };
}

function recordScale(most = 3): Program {
  const graph: Graph = createGraph();
  const params = { rows: graph.scalar('rows', 'i32'), factor: graph.scalar('factor', 'f32') };
  const x = graph.declare('input', 'x', tensorType(f32, most, 5));
  return graph.build({ y: graph.call(scale, [x], params)[0]! });
}

export const programChecks: readonly CheckOf<CreateBackend>[] = [
  [
    'computes a layer, again with other values, and the same bits for the same',
    async (create) => {
      await using backend = await create();
      using layer = await createLayer(backend, 9);
      const first = await layer.run(randomArray(5 * C, 11), 2);
      expectClose('5 rows', first, expectedLayer(randomArray(5 * C, 11), 2), 1e-5);
      for (const rows of [9, 1, 2, 8]) {
        const x = randomArray(rows * C, 20 + rows, 3);
        expectClose(`${rows} rows`, await layer.run(x, -0.5), expectedLayer(x, -0.5), 1e-5);
      }
      expectSameBits('5 rows again', await layer.run(randomArray(5 * C, 11), 2), first);
      await using another = await create();
      using again = await createLayer(another, 9);
      expectSameBits('on another backend', await again.run(randomArray(5 * C, 11), 2), first);
    },
  ],
  [
    'keeps NaN in unused rows out of the others',
    async (create) => {
      await using backend = await create();
      using layer = await createLayer(backend, 9);
      const x = randomArray(4 * C, 5);
      const clean = await layer.run(x, 1);
      await layer.run(new Float32Array(9 * C).fill(Number.NaN), 1);
      expectSameBits('after a run of NaN', await layer.run(x, 1, Number.NaN), clean);
      expectThat(clean.every(Number.isFinite), 'used rows', 'finite numbers', 'others');
    },
  ],
  [
    'lets executables share the arena, whichever is larger',
    async (create) => {
      await using backend = await create();
      const x = randomArray(2 * C, 6);
      using small = await createLayer(backend, 3);
      const alone = await small.run(x, 1);
      using large = await createLayer(backend, 300);
      const { arenaBytes } = backend.memory();
      const largest = Math.max(small.executable.arenaBytes, large.executable.arenaBytes);
      expectThat(arenaBytes >= largest, 'memory().arenaBytes', `at least ${largest}`, arenaBytes);
      for (let turn = 0; turn < 3; turn++) {
        expectSameBits('the large program', await large.run(x, 1), alone);
        expectSameBits('the small program', await small.run(x, 1), alone);
      }
      using third = await createLayer(backend, 3);
      expectEqual('memory().arenaBytes with a third program', backend.memory().arenaBytes, arenaBytes);
      large[Symbol.dispose]();
      expectSameBits('the third program, the large one gone', await third.run(x, 1), alone);
    },
  ],
  [
    'runs on after other buffers came and went',
    async (create) => {
      await using backend = await create();
      using layer = await createLayer(backend, 4);
      const x = randomArray(4 * C, 8);
      const before = await layer.run(x, 1);
      // large enough that a backend on one block of memory must grow it
      const others = [1, 2, 3].map(() => backend.allocate(tensorType(f32, 2 ** 22)));
      expectSameBits('beside 48 MiB', await layer.run(x, 1), before);
      disposeAll(others);
      expectSameBits('after 48 MiB', await layer.run(x, 1), before);
    },
  ],
  [
    'runs in order: a result stands although its input changes afterwards',
    async (create) => {
      await using backend = await create();
      const program = recordScale();
      using executable = await backend.compile(program);
      const [one, two] = [allocateFor(backend, program), allocateFor(backend, program)];
      const shared = { x: one.x!, y: two.y! };
      using first = executable.bind(one);
      using second = executable.bind(shared);
      backend.write(one.x!, new Float32Array(15).fill(1));
      first.run({ rows: 3, factor: 5 });
      backend.write(one.x!, new Float32Array(15).fill(7));
      second.run({ rows: 3, factor: 2 });
      backend.write(one.x!, new Float32Array(15).fill(9));
      expectSameBits('the first run', await read(backend, one.y!), new Float32Array(15).fill(5));
      expectSameBits('the second run', await read(backend, shared.y!), new Float32Array(15).fill(14));
    },
  ],
  [
    'takes no memory for a hundred runs, and gives all back',
    async (create) => {
      await using backend = await create();
      const x = randomArray(2 * C, 7);
      {
        using warm = await createLayer(backend, 5);
        await warm.run(x, 1);
      }
      const idle = backend.memory();
      {
        using layer = await createLayer(backend, 5);
        await layer.run(x, 1);
        const busy = backend.memory();
        for (let turn = 0; turn < 100; turn++) layer.binding.run({ rows: 2, factor: turn });
        await backend.settled();
        await read(backend, layer.buffers.out!);
        expectEqual('memory() after a hundred runs', backend.memory(), busy);
      }
      expectEqual('memory() after dispose', backend.memory(), idle);
    },
  ],
  ['refuses buffers that a program does not take', checkBindErrors],
  [
    'refuses missing and mistyped scalars, and runs on',
    async (create) => {
      await using backend = await create();
      const program = recordScale();
      using executable = await backend.compile(program);
      const buffers = allocateFor(backend, program);
      using binding = executable.bind(buffers);
      await expectError('run()', 'shape', () => binding.run(), 'rows');
      await expectError('run without factor', 'shape', () => binding.run({ rows: 1 }), 'factor');
      await expectError('run with half a row', 'shape', () => binding.run({ rows: 1.5, factor: 1 }), 'rows');
      await expectError('run with NaN rows', 'shape', () => binding.run({ rows: Number.NaN, factor: 1 }), 'rows');
      await expectError('run with 2³¹ rows', 'shape', () => binding.run({ rows: 2 ** 31, factor: 1 }), 'rows');
      const text = { rows: '1' as unknown as number, factor: 1 };
      await expectError('run with a text', 'shape', () => binding.run(text), 'rows');
      backend.write(buffers.x!, new Float32Array(15).fill(1));
      binding.run({ rows: 3, factor: 3 });
      expectSameBits('a run afterwards', await read(backend, buffers.y!), new Float32Array(15).fill(3));
    },
  ],
  [
    'says how many dispatches a run is, and how many fewer without rows',
    async (create) => {
      await using backend = await create();
      using layer = await createLayer(backend, 9);
      const { executable } = layer;
      const counted = executable.dispatches({ rows: 9, factor: 1 });
      expectThat(Number.isInteger(counted) && counted > 0, 'dispatches of 9 rows', 'an integer > 0', counted);
      const none = executable.dispatches({ rows: 0, factor: 1 });
      expectThat(none <= counted, 'dispatches of 0 rows', `at most ${counted}`, none);
      await expectError('dispatches without values', 'shape', () => executable.dispatches());
    },
  ],
  [
    'names a kernel that it does not have',
    async (create) => {
      await using backend = await create();
      const program = recordScale();
      const kernel = 'conformance_unknown';
      const call = program.calls[0]!;
      const types = [program.tensors[0]!.type];
      const answer = backend.supports({ kernel, inputs: types, outputs: types, params: call.params });
      expectThat(typeof answer === 'string' && answer !== '', 'supports', 'the reason why not', answer);
      const known = backend.supports({ kernel: 'scale', inputs: types, outputs: types, params: call.params });
      expectEqual("supports 'scale'", known, true);
      const strange = { ...program, calls: [{ ...call, kernel }] };
      await expectError('compile', 'backend', () => backend.compile(strange), kernel);
      using layer = await createLayer(backend, 3);
      const x = randomArray(C, 1);
      expectClose('a program compiled afterwards', await layer.run(x, 1), expectedLayer(x, 1), 1e-5);
    },
  ],
  [
    'ends executables and bindings with dispose, once or twice',
    async (create) => {
      await using backend = await create();
      const program = recordScale();
      const executable = await backend.compile(program);
      const [ended, orphan] = [1, 2].map(() => executable.bind(allocateFor(backend, program)));
      disposeAll([ended!, ended!]);
      await expectError('run of a disposed binding', 'disposed', () => ended!.run({ rows: 1, factor: 1 }));
      orphan!.run({ rows: 1, factor: 1 });
      disposeAll([executable, executable]);
      await expectError('run, the executable disposed', 'disposed', () => orphan!.run({ rows: 1, factor: 1 }));
      const bind = () => executable.bind(allocateFor(backend, program));
      await expectError('bind of a disposed executable', 'disposed', bind);
    },
  ],
  [
    'refuses to run without its buffers, and to work once disposed',
    async (create) => {
      const backend = await create();
      const program = recordScale();
      const executable = await backend.compile(program);
      const buffers = allocateFor(backend, program);
      const starved = executable.bind(buffers);
      buffers.x![Symbol.dispose]();
      await expectError('run, a buffer disposed', 'disposed', () => starved.run({ rows: 1, factor: 1 }));
      await expectError('bind of a disposed buffer', 'disposed', () => executable.bind(buffers));
      const last = executable.bind(allocateFor(backend, program));
      await backend[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
      await expectError('run, the backend disposed', 'disposed', () => last.run({ rows: 1, factor: 1 }));
      await expectError('allocate', 'disposed', () => backend.allocate(tensorType(f32, 1)));
      await expectError('compile', 'disposed', () => backend.compile(program));
      await expectError('write', 'disposed', () => backend.write(buffers.y!, new Float32Array(1)));
      await expectError('download', 'disposed', () => backend.download(buffers.y!, new Float32Array(1)));
    },
  ],
];

async function checkBindErrors(create: CreateBackend): Promise<void> {
  await using backend = await create();
  const program = recordScale();
  using executable = await backend.compile(program);
  const buffers = allocateFor(backend, program);
  const { x, y } = buffers;
  const refuse = (what: string, given: typeof buffers, name: string) =>
    expectError(what, 'shape', () => executable.bind(given), name);
  await refuse('bind without x', { y: y! }, 'x');
  await refuse('bind without the output', { x: x! }, 'y');
  await refuse('bind with a name too many', { x: x!, y: y!, z: x! }, 'z');
  await refuse('bind with another shape', { x: x!, y: backend.allocate(tensorType(f32, 5, 3)) }, 'y');
  await refuse('bind with another format', { x: backend.allocate(tensorType(i32, 3, 5)), y: y! }, 'x');
}
