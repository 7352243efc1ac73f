/** Batches, and how they reach a training program. */
import { createRotationWriter, type ModelConfig, names } from '@yoco-u/model';
import { type NumberArray, RequestError, type ScalarValues } from '@yoco-u/spec';

/** Sequences, and for each of their ids the one that should follow; a negative target does not count. */
export interface TrainingBatch {
  readonly tokens: readonly ArrayLike<number>[];
  readonly targets: readonly ArrayLike<number>[];
}

/** Every id of a row but the last, with the next one as target. */
export function batchOf(rows: readonly Int32Array[]): TrainingBatch {
  return { tokens: rows.map((row) => row.subarray(0, -1)), targets: rows.map((row) => row.subarray(1)) };
}

/** Ids fed: targets that do not count included. */
export function countTokens({ tokens }: TrainingBatch): number {
  return tokens.reduce((sum, ids) => sum + ids.length, 0);
}

/**
 * Writes batches to the inputs of programs and returns the scalars of the run. Sequences start at position 0. The returned
 * function throws `RequestError` for a batch that is empty or larger than the programs, and for ids out of range.
 */
export function createFeed(
  config: ModelConfig,
  maxSequences: number,
  sequenceLength: number,
  write: (name: string, data: NumberArray) => void,
): (batch: TrainingBatch) => ScalarValues {
  const maxRows = maxSequences * sequenceLength;
  const tokens = new Int32Array(maxRows);
  const targets = new Int32Array(maxRows);
  const segments = new Int32Array(4 * maxSequences);
  const rotate = createRotationWriter(config.headDim, config.ropeTheta);
  let rotated = '';
  const writeRotation = (lengths: readonly number[], rows: number): void => {
    // lengths hardly ever change from run to run
    const key = lengths.join(' ');
    if (rotated === key || !config.stages.some((stage) => stage.rope)) return;
    const rotation = new Float64Array(rows * config.headDim);
    let row = 0;
    for (const length of lengths)
      for (let position = 0; position < length; position++) rotate(rotation, row++, position);
    write(names.rotation, rotation);
    rotated = key;
  };
  return (batch) => {
    checkBatch(batch, config.vocabularySize, maxSequences, sequenceLength);
    let row = 0;
    batch.tokens.forEach((ids, index) => {
      tokens.set(ids, row);
      targets.set(batch.targets[index]!, row);
      segments.set([row, ids.length, index, 0], 4 * index);
      row += ids.length;
    });
    const lengths = batch.tokens.map(({ length }) => length);
    writeRotation(lengths, row);
    write(names.tokens, tokens.subarray(0, row));
    write(names.targets, targets.subarray(0, row));
    write(names.segments, segments.subarray(0, 4 * lengths.length));
    return { [names.rows]: row, [names.segmentCount]: lengths.length, [names.longest]: Math.max(...lengths) };
  };
}

function checkBatch(batch: TrainingBatch, vocabularySize: number, maxSequences: number, sequenceLength: number): void {
  const refuse = (expected: string, got: string): never => {
    throw new RequestError({ where: 'training batch', expected, got });
  };
  const count = batch.tokens.length;
  if (count < 1 || count > maxSequences) refuse(`1 to ${maxSequences} sequences`, `${count}`);
  if (batch.targets.length !== count) refuse(`targets for ${count} sequences`, `${batch.targets.length}`);
  batch.tokens.forEach((ids, index) => {
    const wanted = batch.targets[index]!;
    if (ids.length < 1 || ids.length > sequenceLength)
      refuse(`sequences of 1 to ${sequenceLength} ids`, `${ids.length}`);
    if (wanted.length !== ids.length) refuse(`one target an id, ${ids.length}`, `${wanted.length}`);
    for (let i = 0; i < ids.length; i++) {
      const bad = [ids[i]!, Math.max(0, wanted[i]!)].find(
        (id) => !(Number.isInteger(id) && id >= 0 && id < vocabularySize),
      );
      if (bad !== undefined) refuse(`ids from 0 to ${vocabularySize - 1}`, `${bad}`);
    }
  });
}
