/** A look inside the loop: how each token's hidden state moves from iteration to iteration, and what the model reads from it. */
import { createRotationWriter, lensNames, type ModelConfig, names, recordLens } from '@yoco-u/model';
import {
  type AlternativeToken,
  type AttentionLens,
  type Backend,
  type DeviceBuffer,
  type NumberArray,
  type Program,
  RequestError,
} from '@yoco-u/spec';
import { elementCount } from '@yoco-u/tensor';
import { logProbabilitiesOf } from './log-probabilities.ts';
import { owning } from './owning.ts';
import { checkAlternatives } from './request-checks.ts';
import { checkId } from './runner.ts';

/** Logits of every token after every iteration are kept at once. */
export const mostInspectedTokens = 256;

/** A head in a place of the model, all counted from 0. */
export interface AttentionPlace {
  readonly stage: number;
  readonly iteration: number;
  readonly layer: number;
  readonly head: number;
}

export interface InspectLoopOptions {
  /** How many of the likeliest next tokens are read after each iteration, 0 to 20. Default 5. */
  readonly alternatives?: number;
  /** A head that is looked at: what it takes from where, or what its memory holds. */
  readonly attention?: AttentionPlace;
}

/** What the rest of the model reads from one token after one iteration. */
export interface TokenReading {
  /** The likeliest next ids with ln p, likeliest first. */
  readonly alternatives: readonly AlternativeToken[];
  /** ln p of the id that does follow in the text; the last token has none. */
  readonly logProbability?: number;
}

export interface IterationInspection {
  /** One a token: how far its hidden state moved, |after − before| / |before|. */
  readonly change: Float32Array<ArrayBuffer>;
  /** One a token. Equal to what the model at this many iterations says, since nothing happens between iterations. */
  readonly readings: readonly TokenReading[];
}

/** One head, by the lens of its attention variant. */
export interface HeadInspection {
  /** Softmax attention: what is taken. Gated retention: what is still held. */
  readonly kind: AttentionLens['kind'];
  /**
   * f32 [tokens, tokens], row-major: how much each token (row) takes of each other, of sum 1; or how much of each the memory
   * still holds by then, 0 to 1 each.
   */
  readonly weights: Float32Array<ArrayBuffer>;
}

export interface LoopInspection {
  /** In order, of the first self stage. */
  readonly iterations: readonly IterationInspection[];
  /** Where a head was chosen. */
  readonly attention?: HeadInspection;
}

/** What is looked into. `loadParts` of the umbrella package gives one. */
export interface InspectedModel {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  /** Ids from here on are padding. Default: the model's vocabulary size. */
  readonly knownIds?: number;
}

/**
 * Runs a text of at most 256 ids once, without caches, and gives back what it took. Throws `RequestError` for ids, places or
 * counts out of range and for a head of a variant that has no weights to show, `ConfigError` for a model without a self stage.
 */
export async function inspectLoop(
  { backend, config, parameters, knownIds = config.vocabularySize }: InspectedModel,
  given: ArrayLike<number>,
  { alternatives = 5, attention }: InspectLoopOptions = {},
): Promise<LoopInspection> {
  const ids = Int32Array.from(given, (id) => checkId(id, config.vocabularySize));
  const rows = ids.length;
  if (rows < 1 || rows > mostInspectedTokens) {
    throw new RequestError({ where: 'inspect: ids', expected: `1 to ${mostInspectedTokens} tokens`, got: `${rows}` });
  }
  checkAlternatives('inspect: alternatives', alternatives);
  const head = attention === undefined ? undefined : findHead(config, attention);
  const program = recordLens(config, {
    rows,
    matrixFormat: backend.matrixFormat,
    intermediates: head === undefined ? [] : Object.values(head.intermediates),
  });
  using run = await runOnce(backend, config, program, parameters, ids);
  const { read } = run;
  const count = config.stages.find(({ type }) => type === 'self')!.iterations;
  const iterations: IterationInspection[] = [];
  let before = await read(lensNames.input);
  for (let iteration = 0; iteration < count; iteration++) {
    const after = await read(lensNames.output(iteration));
    const logits = await read(lensNames.logits(iteration));
    const readings = Array.from({ length: rows }, (_, row): TokenReading => {
      const width = config.vocabularySize;
      const own = logits.subarray(row * width, (row + 1) * width);
      const next = ids[row + 1];
      const found = logProbabilitiesOf(own, knownIds, next ?? 0, alternatives);
      return next === undefined ? { alternatives: found.alternatives } : found;
    });
    iterations.push({ change: relativeChange(before, after, rows), readings });
    before = after;
  }
  if (head === undefined) return { iterations };
  const intermediates: Record<string, NumberArray> = {};
  for (const [label, name] of Object.entries(head.intermediates)) intermediates[label] = await read(name);
  const weights = head.lens.weights(head.config, intermediates, rows, attention!.head);
  return { iterations, attention: { kind: head.lens.kind, weights } };
}

/** A run whose outputs can be read until it is disposed. */
function runOnce(
  backend: Backend,
  config: ModelConfig,
  program: Program,
  parameters: InspectedModel['parameters'],
  ids: Int32Array,
): Promise<Disposable & { read(name: string): Promise<Float32Array<ArrayBuffer>> }> {
  const rows = ids.length;
  return owning(async (own) => {
    const executable = own(await backend.compile(program));
    const buffers: Record<string, DeviceBuffer> = {};
    for (const { role, name, type } of program.tensors) {
      if (role !== 'temporary') buffers[name] = parameters[name] ?? own(backend.allocate(type));
    }
    const inputs = {
      [names.tokens]: ids,
      [names.segments]: Int32Array.of(0, rows, 0, 0),
      [names.rotation]: rotationOf(config, rows),
    };
    for (const [name, data] of Object.entries(inputs)) {
      // not every model needs all of them
      if (buffers[name] !== undefined) backend.write(buffers[name], data);
    }
    const binding = own(executable.bind(buffers));
    binding.run({ [names.rows]: rows, [names.segmentCount]: 1, [names.longest]: rows });
    return {
      async read(name) {
        const into = new Float32Array(elementCount(buffers[name]!.type));
        await backend.download(buffers[name]!, into);
        return into;
      },
    };
  });
}

interface FoundHead {
  readonly lens: AttentionLens;
  readonly config: unknown;
  /** Outputs of the program by the variant's own names. */
  readonly intermediates: Readonly<Record<string, string>>;
}

function findHead(config: ModelConfig, { stage, iteration, layer, head }: AttentionPlace): FoundHead {
  const check = (what: string, index: number, count: number): void => {
    if (Number.isInteger(index) && index >= 0 && index < count) return;
    const where = `inspect: attention.${what}`;
    throw new RequestError({ where, expected: `an integer from 0 to ${count - 1}`, got: `${index}` });
  };
  check('stage', stage, config.stages.length);
  const { layers, iterations } = config.stages[stage]!;
  check('iteration', iteration, iterations);
  check('layer', layer, layers.length);
  check('head', head, config.heads);
  const { variant, config: own } = layers[layer]!;
  if (variant.lens === undefined) {
    throw new RequestError({
      where: 'inspect: attention',
      expected: 'a variant that shows its weights',
      got: `'${variant.name}'`,
    });
  }
  const { lens } = variant;
  const intermediates = Object.fromEntries([
    ...lens.layer.map((label) => [label, `stage.${stage}.iteration.${iteration}.layer.${layer}.${label}`]),
    ...lens.stage.map((label) => [label, `stage.${stage}.${label}`]),
  ]);
  return { lens, config: own, intermediates };
}

function rotationOf(config: ModelConfig, rows: number): Float32Array {
  const write = createRotationWriter(config.headDim, config.ropeTheta);
  const rotation = new Float32Array(rows * config.headDim);
  for (let row = 0; row < rows; row++) write(rotation, row, row);
  return rotation;
}

function relativeChange(before: Float32Array, after: Float32Array, rows: number): Float32Array<ArrayBuffer> {
  const width = before.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => {
    let moved = 0;
    let size = 0;
    for (let at = row * width; at < (row + 1) * width; at++) {
      moved += (after[at]! - before[at]!) ** 2;
      size += before[at]! ** 2;
    }
    return Math.sqrt(moved / size);
  });
}
