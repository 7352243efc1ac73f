import type { Backend } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { backendSuites } from './backend-suite.ts';
import { findFaults } from './suite.ts';

describe.each([64, 32] as const)('reference backend, float%s', (precision) => {
  for (const suite of backendSuites('it', () => createReferenceBackend({ precision }))) {
    test.each(suite.checks)('$name', ({ run }) => run());
  }
});

/** What is wrong with a reference backend of which something was replaced. */
async function messagesOf(breakIt: (sound: Backend) => Partial<Backend>): Promise<string[]> {
  const suites = backendSuites('broken', () => {
    const sound = createReferenceBackend({ precision: 32 });
    return { ...sound, ...breakIt(sound) };
  });
  const faults = await findFaults(suites);
  return faults.map(({ check, error }) => `${check}: ${(error as Error).message}`);
}

/** Every run is preceded or followed by something. */
const aroundRun = (sound: Backend, around: (run: () => void) => void): Partial<Backend> => ({
  async compile(program) {
    const executable = await sound.compile(program);
    return {
      ...executable,
      bind(buffers) {
        const binding = executable.bind(buffers);
        return { ...binding, run: (values) => around(() => binding.run(values)) };
      },
    };
  },
});

describe('backend suites find', () => {
  const broken: readonly (readonly [string, (sound: Backend) => Partial<Backend>, string])[] = [
    [
      'memory that is not zero',
      (sound) => ({
        allocate(type) {
          const buffer = sound.allocate(type);
          sound.write(buffer, type.format.element === 'i32' ? Int32Array.of(1) : Float32Array.of(1));
          return buffer;
        },
      }),
      'a new f32 buffer[0]: expected exactly 0, got 1',
    ],
    [
      'writes at the wrong place',
      (sound) => ({ write: (buffer, data) => sound.write(buffer, data) }),
      'writes and reads ranges of every format',
    ],
    [
      'downloads of the wrong part',
      (sound) => ({ download: (from, into) => sound.download(from, into) }),
      'f32 [13, 5]',
    ],
    [
      'copies of too little',
      (sound) => ({ copy: (from, a, to, b, count) => sound.copy(from, a, to, b, Math.min(count, 1)) }),
      'the target[60]',
    ],
    [
      'errors of no class',
      (sound) => ({
        write(buffer, data, offset) {
          try {
            sound.write(buffer, data, offset);
          } catch {
            throw new RangeError('no');
          }
        },
      }),
      'expected an error of code shape, got RangeError: no',
    ],
    [
      'buffers that are not counted',
      (sound) => ({ memory: () => ({ ...sound.memory(), bufferBytes: 0 }) }),
      'bufferBytes: expected',
    ],
    [
      'runs that take memory',
      (sound) =>
        aroundRun(sound, (run) => [run(), sound.allocate({ ...sound, shape: [1], format: sound.matrixFormat })]),
      'memory() after a hundred runs',
    ],
    [
      'a kernel passed off as known',
      () => ({ supports: () => true }),
      'names a kernel that it does not have: supports: expected the reason why not, got true',
    ],
    ['runs that do nothing', (sound) => aroundRun(sound, () => {}), 'computes a layer'],
    ['life after dispose', () => ({ [Symbol.asyncDispose]: async () => {} }), 'run, the backend disposed'],
  ];
  test.each(broken)('%s', async (_, breakIt, message) => {
    expect(await messagesOf(breakIt)).toContainEqual(expect.stringContaining(message));
  });

  test('nothing else in a backend with a single fault', async () => {
    const messages = await messagesOf(() => ({ threads: 0 }));
    expect(messages).toEqual(['says what it is: threads: expected an integer from 1 on, got 0']);
  });
});
