/**
 * A compiled forward program with its inputs: feeds segments of sequences, runs, and reads results. What generation,
 * scoring and verification are made of.
 */

import { createRotationWriter, type ForwardOptions, type ModelConfig, names, recordForward } from '@yoco-u/model';
import { type Backend, type DeviceBuffer, type NumberArray, type Program, RequestError } from '@yoco-u/spec';
import { elementCount } from '@yoco-u/tensor';
import type { ModelMemory } from './memory.ts';
import { type Own, owning } from './owning.ts';

/** Kernels count positions in 32 bits. */
const largestPosition = 2 ** 31 - 1;

/** Consecutive positions of one sequence. */
export interface Segment {
  /** Ids to feed. */
  readonly tokens: ArrayLike<number>;
  /** Position of the first of them: how many tokens of the sequence were fed before. */
  readonly start: number;
  /** The sequence's place in the memory. 0 where there is no memory. */
  readonly slot: number;
}

export interface RunnerOptions {
  readonly maxRows: number;
  readonly maxSegments: number;
  /** See `ForwardOptions`. */
  readonly outputs: 'all' | number;
  readonly head: 'logits' | 'loss';
  /** See `ForwardOptions`. */
  readonly best?: ForwardOptions['best'];
  /** States; absent, every run sees only its own rows. */
  readonly memory?: ModelMemory;
  /** Device buffers of all parameters by name. */
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
}

/** What the head of a program is given in a run. */
export interface HeadInput {
  /** One a wanted row, for head `loss`: an id, or a negative number for a loss of 0. */
  readonly targets?: ArrayLike<number>;
  /** How many of the best logits of each wanted row are picked, for programs with `best`. Default 0. */
  readonly best?: number;
}

export interface Runner extends Disposable {
  readonly program: Program;
  readonly arenaBytes: number;
  readonly maxRows: number;
  /**
   * Feeds the segments and runs. `wanted` lists rows (counted through all segments, ascending) whose results are wanted,
   * for programs with a number of outputs; default none.
   * Throws `RequestError` when there are more rows, segments or outputs than the program takes, an id, a slot or a position is
   * out of range, `wanted` does not ascend, or there is not one target a wanted row.
   */
  run(segments: readonly Segment[], wanted?: ArrayLike<number>, head?: HeadInput): void;
  /** Reads results from output row `row` on: `logits` [rows, V] or `losses` [rows]. Throws `RequestError` for more than there are. */
  read(into: NumberArray, row?: number): Promise<void>;
  /** Reads pairs of the best logits and their ids from output row `row` on: [rows, k, 2], as many of a row as were picked. */
  readBest(into: NumberArray, row?: number): Promise<void>;
}

/** Records, compiles and binds a forward program, and takes its inputs and outputs. Takes nothing when it fails. */
export function createRunner(backend: Backend, config: ModelConfig, options: RunnerOptions): Promise<Runner> {
  return owning((own) => makeRunner(backend, config, options, own));
}

async function makeRunner(
  backend: Backend,
  config: ModelConfig,
  options: RunnerOptions,
  own: Own,
): Promise<Omit<Runner, keyof Disposable>> {
  const { memory, parameters } = options;
  const forward: ForwardOptions = {
    maxRows: options.maxRows,
    maxSegments: options.maxSegments,
    outputs: options.outputs,
    head: options.head,
    matrixFormat: backend.matrixFormat,
    ...(options.best === undefined ? {} : { best: options.best }),
    ...(memory === undefined ? {} : { memory: memory.shape }),
  };
  const program = recordForward(config, forward);
  const shared: Readonly<Record<string, DeviceBuffer>> = { ...memory?.buffers, ...parameters };
  const buffers: Record<string, DeviceBuffer> = {};
  for (const { role, name, type } of program.tensors) {
    if (role !== 'temporary') buffers[name] = shared[name] ?? own(backend.allocate(type));
  }
  const executable = own(await backend.compile(program));
  const binding = own(executable.bind(buffers));
  const maxOutputs = options.outputs === 'all' ? options.maxRows : options.outputs;
  const readRows = async (name: string, into: NumberArray, row: number): Promise<void> => {
    const output = buffers[name];
    const rowLength = output === undefined ? 0 : elementCount(output.type) / maxOutputs;
    if (output === undefined || row * rowLength + into.length > maxOutputs * rowLength) {
      const expected = output === undefined ? `a program with '${name}'` : `at most ${maxOutputs} rows`;
      throw new RequestError({ where: 'runner.read', expected, got: `rows from ${row}` });
    }
    await backend.download(output, into, row * rowLength);
  };
  const feed = createFeed(config, options);
  const inputs = feed.arrays
    .filter(({ name }) => buffers[name] !== undefined)
    .map((array) => ({ ...array, buffer: buffers[array.name]!, view: array.data }));

  return {
    program,
    arenaBytes: executable.arenaBytes,
    maxRows: options.maxRows,
    run(segments, wanted = [], head = {}) {
      feed.fill(segments, wanted, head);
      for (let index = 0; index < inputs.length; index++) {
        const input = inputs[index]!;
        const length = feed.scalars[input.count] * input.stride;
        if (length === 0) continue;
        // a view of the used part, kept while the length stays the same: decode makes no garbage
        if (input.view.length !== length) input.view = input.data.subarray(0, length);
        backend.write(input.buffer, input.view);
      }
      binding.run(feed.scalars);
    },
    read: (into, row = 0) => readRows(options.head === 'logits' ? names.logits : names.losses, into, row),
    readBest: (into, row = 0) => readRows(names.best, into, row),
  };
}

/** Host-side copies of the inputs, filled anew for each run. */
function createFeed(config: ModelConfig, options: RunnerOptions) {
  const { maxRows, maxSegments } = options;
  const maxOutputs = options.outputs === 'all' ? maxRows : options.outputs;
  const rotate = createRotationWriter(config.headDim, config.ropeTheta);
  const rotates = config.stages.some((stage) => stage.rope);
  const tokens = new Int32Array(maxRows);
  const rotation = new Float64Array(rotates ? maxRows * config.headDim : 0);
  const segmentTable = new Int32Array(maxSegments * 4);
  const outputRows = new Int32Array(maxOutputs);
  const outputTable = new Int32Array(maxSegments * 4);
  const targetIds = new Int32Array(maxOutputs);
  const scalars = {
    rows: 0,
    segment_count: 0,
    longest: 0,
    output_count: 0,
    output_segment_count: 0,
    output_longest: 0,
    best_count: 0,
  };
  // each filled up to `stride` elements for every one that the scalar `count` says there is
  const array = (name: string, data: NumberArray, stride: number, count: keyof typeof scalars) => ({
    name,
    data,
    stride,
    count,
  });
  const arrays = [
    array(names.tokens, tokens, 1, 'rows'),
    array(names.rotation, rotation, config.headDim, 'rows'),
    array(names.segments, segmentTable, 4, 'segment_count'),
    array(names.outputRows, outputRows, 1, 'output_count'),
    array(names.outputSegments, outputTable, 4, 'output_segment_count'),
    array(names.targets, targetIds, 1, options.outputs === 'all' ? 'rows' : 'output_count'),
  ];
  const refuse = (what: string, most: number, got: number): never => {
    throw new RequestError({ where: 'runner.run', expected: `at most ${most} ${what}`, got: `${got}` });
  };

  // kernels take slots and positions on trust
  const checkPlace = (start: number, length: number, slot: number): void => {
    const { slots = Number.POSITIVE_INFINITY, contextLength = largestPosition } = options.memory?.shape ?? {};
    if (!(Number.isInteger(slot) && slot >= 0 && slot < slots)) {
      throw new RequestError({
        where: 'runner.run: slot',
        expected: `an integer from 0 to ${slots - 1}`,
        got: `${slot}`,
      });
    }
    if (Number.isInteger(start) && start >= 0 && start + length <= contextLength) return;
    const holder = options.memory === undefined ? '' : ', which the memory holds';
    throw new RequestError({
      where: 'runner.run: start',
      expected: `positions from 0 to ${contextLength - 1}${holder}`,
      got: `${length} from ${start}`,
    });
  };

  const fillSegments = (segments: readonly Segment[]): void => {
    if (segments.length > maxSegments) refuse('segments', maxSegments, segments.length);
    let row = 0;
    let longest = 0;
    for (let index = 0; index < segments.length; index++) {
      const { tokens: ids, start, slot } = segments[index]!;
      if (row + ids.length > maxRows) refuse('rows', maxRows, row + ids.length);
      checkPlace(start, ids.length, slot);
      segmentTable[index * 4] = row;
      segmentTable[index * 4 + 1] = ids.length;
      segmentTable[index * 4 + 2] = slot;
      segmentTable[index * 4 + 3] = start;
      longest = Math.max(longest, start + ids.length);
      for (let i = 0; i < ids.length; i++, row++) {
        tokens[row] = checkId(ids[i]!, config.vocabularySize);
        if (rotates) rotate(rotation, row, start + i);
      }
    }
    scalars.rows = row;
    scalars.longest = longest;
    scalars.segment_count = segments.length;
  };
  const fillWanted = (wanted: ArrayLike<number>): void => {
    if (wanted.length > maxOutputs) refuse('outputs', maxOutputs, wanted.length);
    let segment = 0;
    let runs = 0;
    let longest = 0;
    for (let i = 0; i < wanted.length; i++) {
      const row = wanted[i]!;
      const least = i === 0 ? 0 : wanted[i - 1]! + 1;
      if (!(Number.isInteger(row) && row >= least && row < scalars.rows)) {
        const expected = `ascending rows below ${scalars.rows}`;
        throw new RequestError({ where: 'runner.run: wanted', expected, got: Array.from(wanted).join(', ') });
      }
      while (row >= segmentTable[segment * 4]! + segmentTable[segment * 4 + 1]!) segment++;
      outputRows[i] = row;
      const position = segmentTable[segment * 4 + 3]! + row - segmentTable[segment * 4]!;
      longest = Math.max(longest, position + 1);
      const previous = (runs - 1) * 4;
      const continues =
        i > 0 &&
        wanted[i - 1] === row - 1 &&
        outputTable[previous + 3]! + outputTable[previous + 1]! === position &&
        outputTable[previous + 2] === segmentTable[segment * 4 + 2];
      if (continues) {
        outputTable[previous + 1]!++;
        continue;
      }
      if (runs === maxSegments) refuse('runs of wanted rows', maxSegments, runs + 1);
      outputTable[runs * 4] = i;
      outputTable[runs * 4 + 1] = 1;
      outputTable[runs * 4 + 2] = segmentTable[segment * 4 + 2]!;
      outputTable[runs * 4 + 3] = position;
      runs++;
    }
    scalars.output_count = wanted.length;
    scalars.output_segment_count = runs;
    scalars.output_longest = longest;
  };

  const fillTargets = (targets: ArrayLike<number>, wanted: number): void => {
    if (targets.length !== wanted) {
      const got = `${targets.length}`;
      throw new RequestError({ where: 'runner.run: targets', expected: `one a wanted row, ${wanted}`, got });
    }
    for (let i = 0; i < wanted; i++) {
      const target = targets[i]!;
      targetIds[i] = target < 0 ? -1 : checkId(target, config.vocabularySize);
    }
  };

  return {
    arrays,
    scalars: scalars as Readonly<typeof scalars>,
    fill(segments: readonly Segment[], wanted: ArrayLike<number>, { targets = [], best = 0 }: HeadInput): void {
      const mostBest = options.best?.k ?? 0;
      if (!(best >= 0 && best <= mostBest)) refuse('of the best logits', mostBest, best);
      scalars.best_count = best;
      fillSegments(segments);
      if (options.outputs !== 'all') fillWanted(wanted);
      if (options.head === 'loss') fillTargets(targets, options.outputs === 'all' ? scalars.rows : wanted.length);
    },
  };
}

/** The id, if it is one. Throws `RequestError` otherwise, that says `where`. */
export function checkId(id: number, vocabularySize: number, where = 'tokens'): number {
  if (Number.isInteger(id) && id >= 0 && id < vocabularySize) return id;
  throw new RequestError({ where, expected: `ids from 0 to ${vocabularySize - 1}`, got: `${id}` });
}
