/** What a backend's buffers must do. */
import type { Backend, DeviceBuffer, NumberArray, StorageFormat } from '@yoco-u/spec';
import { elementCount, f32, i32, tensorType, width } from '@yoco-u/tensor';
import { disposeAll, read } from './device-call.ts';
import { expectEqual, expectError, expectThat } from './expectations.ts';
import { expectSameBits, hostArray, randomArray, randomIntegers } from './numbers.ts';
import type { CheckOf } from './suite.ts';

/** Makes a fresh backend for a check. */
export type CreateBackend = () => Promise<Backend>;

function formatsOf(backend: Backend): readonly StorageFormat[] {
  const own = backend.matrixFormat.name === f32.name ? [] : [backend.matrixFormat];
  return [f32, i32, ...own];
}

function someNumbers(format: StorageFormat, length: number, seed: number): NumberArray {
  return format.element === 'i32' ? randomIntegers(length, seed, 1e9) : randomArray(length, seed, 1000);
}

export const memoryChecks: readonly CheckOf<CreateBackend>[] = [
  [
    'says what it is',
    async (create) => {
      await using backend = await create();
      const { id, description, threads, matrixFormat } = backend;
      expectThat(id.length > 0 && description.length > 0, 'id and description', 'texts', `'${id}', '${description}'`);
      expectThat(Number.isInteger(threads) && threads >= 1, 'threads', 'an integer from 1 on', threads);
      expectEqual('matrixFormat.element', matrixFormat.element, 'f32');
    },
  ],
  [
    'allocates zeros, in memory that was used before too',
    async (create) => {
      await using backend = await create();
      for (const format of formatsOf(backend)) {
        for (const shape of [[1], [7], [13, 5], [3, 4, 9]]) {
          const type = tensorType(format, ...shape);
          for (let turn = 0; turn < 2; turn++) {
            using buffer = backend.allocate(type);
            expectEqual('the type of a buffer', buffer.type, type);
            expectSameBits(`a new ${format.name} buffer`, await read(backend, buffer), hostArray(type, 32));
            backend.write(buffer, someNumbers(format, elementCount(type), 3));
          }
        }
      }
    },
  ],
  [
    'writes and reads ranges of every format, without touching the rest',
    async (create) => {
      await using backend = await create();
      for (const format of formatsOf(backend)) {
        for (const shape of [
          [13, 5],
          [8, 3],
          [2, 9, 7],
          [1, 1],
          [33, 1],
        ]) {
          await checkRanges(backend, format, shape);
        }
      }
    },
  ],
  [
    'takes float64 and keeps infinities, NaN and signed zeros',
    async (create) => {
      await using backend = await create();
      const special = Float64Array.of(Number.NaN, 1 / 0, -1 / 0, -0, 2 ** -149, 3.4e38, 0.1);
      for (const format of formatsOf(backend).filter(({ element }) => element === 'f32')) {
        using buffer = backend.allocate(tensorType(format, special.length, 1));
        backend.write(buffer, special);
        expectSameBits(format.name, await read(backend, buffer), Float32Array.from(special));
      }
      using integers = backend.allocate(tensorType(i32, 3));
      backend.write(integers, Int32Array.of(-0x8000_0000, 0x7fff_ffff, -1));
      expectSameBits('i32', await read(backend, integers), Int32Array.of(-0x8000_0000, 0x7fff_ffff, -1));
    },
  ],
  [
    'copies entries of the first axis, between buffers and within one',
    async (create) => {
      await using backend = await create();
      for (const format of [f32, i32]) {
        using from = backend.allocate(tensorType(format, 4, 3, 5));
        using to = backend.allocate(tensorType(format, 6, 3, 5));
        const numbers = someNumbers(format, 60, 1);
        const expected = someNumbers(format, 90, 2);
        backend.write(from, numbers);
        backend.write(to, expected);
        backend.copy(from, 1, to, 3, 2);
        expected.set(numbers.subarray(15, 45), 45);
        backend.copy(to, 5, to, 0, 1);
        expected.copyWithin(0, 75, 90);
        backend.copy(from, 0, to, 2, 0);
        expectSameBits('the target', await read(backend, to), expected);
        expectSameBits('the source', await read(backend, from), numbers);
      }
    },
  ],
  ['refuses ranges outside a buffer, and changes nothing', checkBadRanges],
  [
    'refuses what does not fit before taking anything',
    async (create) => {
      await using backend = await create();
      const before = backend.memory();
      await expectError('allocate of 2⁵³ bytes', 'capacity', () => backend.allocate(tensorType(f32, 2 ** 20, 2 ** 31)));
      expectEqual('memory()', backend.memory(), before);
      using buffer = backend.allocate(tensorType(f32, 9));
      expectSameBits('a buffer allocated afterwards', await read(backend, buffer), new Float32Array(9));
    },
  ],
  [
    'counts buffers, and counts back when they are disposed',
    async (create) => {
      await using backend = await create();
      const { bufferBytes } = backend.memory();
      const buffers = [1, 100, 5000].map((size) => backend.allocate(tensorType(f32, size, 3)));
      const taken = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
      expectThat(taken >= 4 * 3 * 5101, 'byteLength of buffers', 'at least 4 an element', taken);
      expectEqual('bufferBytes', backend.memory().bufferBytes, bufferBytes + taken);
      const { reservedBytes } = backend.memory();
      expectThat(reservedBytes >= taken, 'reservedBytes', `at least the ${taken} of buffers`, reservedBytes);
      disposeAll([...buffers, ...buffers]);
      expectEqual('bufferBytes after dispose (twice)', backend.memory().bufferBytes, bufferBytes);
    },
  ],
  [
    'refuses disposed buffers',
    async (create) => {
      await using backend = await create();
      const type = tensorType(f32, 2, 3);
      const buffer = backend.allocate(type);
      using live = backend.allocate(type);
      buffer[Symbol.dispose]();
      await expectError('write', 'disposed', () => backend.write(buffer, new Float32Array(6)));
      await expectError('download', 'disposed', () => backend.download(buffer, new Float32Array(6)));
      await expectError('copy from it', 'disposed', () => backend.copy(buffer, 0, live, 0, 1));
      await expectError('copy to it', 'disposed', () => backend.copy(live, 0, buffer, 0, 1));
    },
  ],
];

async function checkRanges(backend: Backend, format: StorageFormat, shape: readonly number[]): Promise<void> {
  const type = tensorType(format, ...shape);
  using below = backend.allocate(type);
  using buffer = backend.allocate(type);
  using above = backend.allocate(type);
  const expected = someNumbers(format, elementCount(type), 5);
  backend.write(buffer, expected);
  const row = width(type);
  const rows = elementCount(type) / row;
  for (const [from, count] of [
    [0, 1],
    [rows - 1, 1],
    [rows >> 1, rows - (rows >> 1)],
    [rows >> 2, rows >> 1],
    [0, 0],
  ]) {
    const part = someNumbers(format, count! * row, 10 + from!);
    backend.write(buffer, part, from! * row);
    expected.set(part, from! * row);
  }
  const where = `${format.name} [${shape.join(', ')}]`;
  expectSameBits(where, await read(backend, buffer), expected);
  for (const [start, length] of [
    [0, 1],
    [expected.length >> 1, expected.length >> 2],
    [expected.length - 1, 1],
  ]) {
    const into = hostArray(tensorType(format, 1), 32);
    const range = into instanceof Int32Array ? new Int32Array(length!) : new Float32Array(length!);
    await backend.download(buffer, range, start);
    expectSameBits(`${where} from ${start}`, range, expected.subarray(start, start! + length!));
  }
  for (const neighbour of [below, above]) {
    expectSameBits(`${where}: a neighbour`, await read(backend, neighbour), hostArray(type, 32));
  }
}

async function checkBadRanges(create: CreateBackend): Promise<void> {
  await using backend = await create();
  const numbers = randomArray(35, 9);
  using buffer = backend.allocate(tensorType(f32, 5, 7));
  using other = backend.allocate(tensorType(f32, 5, 8));
  using integers = backend.allocate(tensorType(i32, 5, 7));
  backend.write(buffer, numbers);
  const refuse = (what: string, action: (buffer: DeviceBuffer) => unknown) =>
    expectError(what, 'shape', async () => action(buffer));
  for (const [offset, length] of [
    [0, 36],
    [1, 35],
    [35, 1],
    [-7, 7],
    [7.5, 7],
    [Number.NaN, 7],
  ] as const) {
    await refuse(`write of ${length} at ${offset}`, (it) => backend.write(it, new Float32Array(length), offset));
    await refuse(`download of ${length} at ${offset}`, (it) => backend.download(it, new Float32Array(length), offset));
  }
  for (const [from, to, count] of [
    [0, 0, 6],
    [5, 0, 1],
    [0, 5, 1],
    [-1, 0, 1],
    [0, -1, 1],
    [0, 0, -1],
    [0.5, 0, 1],
  ] as const) {
    await refuse(`copy of ${count} from ${from} to ${to}`, (it) => backend.copy(it, from, it, to, count));
  }
  await refuse('copy to entries of another width', (it) => backend.copy(it, 0, other, 0, 1));
  await refuse('copy to entries of another format', (it) => backend.copy(it, 0, integers, 0, 1));
  expectSameBits('the buffer after refused ranges', await read(backend, buffer), numbers);
}
