/** A model in training on a backend: weights, gradients and moments in buffers, and the programs that change them. */
import { tensorOf, type WritableTensor } from '@yoco-u/checkpoint';
import { gradientName, listParameters, names } from '@yoco-u/model';
import {
  type Backend,
  BackendError,
  type Binding,
  type DeviceBuffer,
  type Executable,
  type Program,
  RequestError,
  type ScalarValues,
} from '@yoco-u/spec';
import { elementCount } from '@yoco-u/tensor';
import { countTokens, createFeed, type TrainingBatch } from './batch.ts';
import { momentNames, optimizerNames, stepScalars } from './optimizer.ts';
import {
  ownIterations,
  planMemory,
  recordPrograms,
  supportsTraining,
  type TrainingMemory,
  type TrainingShape,
} from './training-programs.ts';

export interface TrainerOptions extends TrainingShape {
  readonly backend: Backend;
}

export interface StepSettings {
  /** Counts the updates that were taken, this one included: 1 for the first. */
  readonly update: number;
  readonly learningRate: number;
  /** Runs whose gradients were added up. */
  readonly runs: number;
}

export interface Trainer extends Disposable {
  readonly shape: TrainingShape;
  /** What it holds on the device. */
  readonly memory: TrainingMemory;
  /** Names of what a later run goes on from: weights, then moments. */
  readonly weightNames: readonly string[];
  readonly momentNames: readonly string[];
  /** Room for any weight or moment, for whoever reads or writes one after the other: each new array would wait to be collected. */
  readonly scratch: Float32Array;
  /**
   * Runs a batch and adds the gradients of its mean loss to those there are; returns the loss. `iterations`: one of
   * `trainIterations`, by default the model's own. Throws `RequestError` for a batch that does not fit.
   */
  accumulate(batch: TrainingBatch, iterations?: number): Promise<number>;
  /** Norm of the mean gradient of `runs` runs, before clipping. */
  gradientNorm(runs: number): Promise<number>;
  /** Takes one step with the clipped mean of the gradients there are, then sets them to zero; returns the norm before clipping. */
  update(settings: StepSettings): Promise<number>;
  /** Sets the gradients to zero without a step. */
  discard(): void;
  /** −ln p of every target of a batch, in order; nothing changes. `iterations`: one of `evaluateIterations`. */
  evaluate(batch: TrainingBatch, iterations?: number): Promise<Float32Array>;
  /**
   * Values of a weight, a moment or a gradient (`gradientName`), row-major: in an array of their own, or in the first elements of
   * `into`, and then a view of it.
   */
  read(name: string, into?: Float32Array): Promise<Float32Array>;
  write(name: string, values: Float32Array): void;
  shapeOf(name: string): readonly number[];
}

interface Compiled extends Disposable {
  readonly program: Program;
  readonly arenaBytes: number;
  run(values: ScalarValues): void;
}

/**
 * Takes the memory and compiles; weights and moments are zeros. Throws `BackendError` naming the first kernel that the backend lacks,
 * `ConfigError` for sizes that cannot be, and `CapacityError` for what does not fit.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { backend, config, sequences, sequenceLength, optimizer } = options;
  const programs = recordPrograms(options);
  const supported = supportsTraining(backend, programs);
  if (supported !== true) {
    throw new BackendError({
      where: `training on ${backend.id}`,
      expected: 'a backend with all kernels of training',
      got: supported,
    });
  }
  const device = createDevice(backend);
  try {
    const training = await device.prepareAll(programs.training);
    const evaluation = await device.prepareAll(programs.evaluation);
    const norm = await device.prepare(programs.norm);
    const step = await device.prepare(programs.step);
    const feed = createFeed(config, sequences, sequenceLength, device.writeIfBound);
    // some devices say only now that they have no room
    await backend.settled();
    const own = ownIterations(config);
    const listed = listParameters(config);
    const parameters = listed.map(({ name }) => name);
    let measured = 0;
    const measure = async (runs: number): Promise<number> => {
      norm.run({ [optimizerNames.gradientScale]: 1 / runs });
      measured = runs;
      return (await device.read(optimizerNames.norm))[0]!;
    };
    return {
      shape: options,
      memory: planMemory(options, programs, device.arenaOf),
      weightNames: parameters,
      momentNames: listed.flatMap((parameter) => momentNames(optimizer, parameter)),
      scratch: new Float32Array(Math.max(...parameters.map((name) => elementCount(device.buffer(name).type)))),
      async accumulate(batch, iterations = own) {
        const program = chosen(training, iterations, 'train');
        measured = 0;
        program.run(feed(batch));
        return (await device.read(names.loss))[0]!;
      },
      gradientNorm: measure,
      async update({ update, learningRate, runs }) {
        const value = measured === runs ? (await device.read(optimizerNames.norm))[0]! : await measure(runs);
        step.run(stepScalars(optimizer, update, learningRate));
        measured = 0;
        return value;
      },
      discard() {
        for (const name of parameters) device.clear(gradientName(name));
        measured = 0;
      },
      async evaluate(batch, iterations = own) {
        const program = chosen(evaluation, iterations, 'evaluate');
        program.run(feed(batch));
        return device.read(names.losses, countTokens(batch));
      },
      read: (name, into) => device.read(name, undefined, into),
      write: device.write,
      shapeOf: (name) => device.buffer(name).type.shape,
      [Symbol.dispose]: device.dispose,
    };
  } catch (error) {
    device.dispose();
    throw error;
  }
}

/** The weights, to be written to a model folder one after the other: their values share one array. */
export function modelTensors(trainer: Trainer): readonly WritableTensor[] {
  return trainer.weightNames.map((name) => ({
    ...tensorOf(name, trainer.shapeOf(name), trainer.scratch),
    read: () => trainer.read(name, trainer.scratch),
  }));
}

function chosen(programs: ReadonlyMap<number, Compiled>, iterations: number, verb: string): Compiled {
  const found = programs.get(iterations);
  if (found !== undefined) return found;
  throw new RequestError({
    where: 'trainer: iterations',
    expected: `a count that it was made to ${verb} at (${[...programs.keys()].join(', ') || 'none'})`,
    got: `${iterations}`,
  });
}

/** Written piece by piece: as many zeros as the gradients have would be much garbage. */
const zeros = new Float32Array(2 ** 16);

/** Buffers by name, shared by all programs that bind a tensor of the name. */
function createDevice(backend: Backend) {
  const buffers = new Map<string, DeviceBuffer>();
  const compiled: Compiled[] = [];
  const buffer = (name: string): DeviceBuffer => {
    const found = buffers.get(name);
    if (found !== undefined) return found;
    throw new RequestError({ where: 'trainer', expected: 'a tensor of the model in training', got: `'${name}'` });
  };
  const write = (name: string, data: Parameters<Backend['write']>[1]): void => backend.write(buffer(name), data);
  const prepare = async (program: Program): Promise<Compiled> => {
    const bound: Record<string, DeviceBuffer> = {};
    for (const { role, name, type } of program.tensors) {
      if (role === 'temporary') continue;
      if (!buffers.has(name)) buffers.set(name, backend.allocate(type));
      bound[name] = buffers.get(name)!;
    }
    const executable: Executable = await backend.compile(program);
    const binding: Binding = executable.bind(bound);
    const entry: Compiled = {
      program,
      arenaBytes: executable.arenaBytes,
      run: (values) => binding.run(values),
      [Symbol.dispose]() {
        binding[Symbol.dispose]();
        executable[Symbol.dispose]();
      },
    };
    compiled.push(entry);
    return entry;
  };
  return {
    buffer,
    write,
    prepare,
    writeIfBound: (name: string, data: Parameters<Backend['write']>[1]): void => {
      if (buffers.has(name)) write(name, data);
    },
    async prepareAll(programs: ReadonlyMap<number, Program>): Promise<ReadonlyMap<number, Compiled>> {
      const entries = new Map<number, Compiled>();
      for (const [count, program] of programs) entries.set(count, await prepare(program));
      return entries;
    },
    arenaOf: (program: Program): number => compiled.find((entry) => entry.program === program)!.arenaBytes,
    async read(name: string, length?: number, into?: Float32Array): Promise<Float32Array> {
      const source = buffer(name);
      const count = length ?? elementCount(source.type);
      const target = into?.subarray(0, count) ?? new Float32Array(count);
      await backend.download(source, target);
      return target;
    },
    clear(name: string): void {
      const target = buffer(name);
      const count = elementCount(target.type);
      for (let done = 0; done < count; done += zeros.length) {
        backend.write(target, zeros.subarray(0, count - done), done);
      }
    },
    dispose(): void {
      for (const entry of compiled) entry[Symbol.dispose]();
      for (const each of buffers.values()) each[Symbol.dispose]();
      buffers.clear();
    },
  };
}
