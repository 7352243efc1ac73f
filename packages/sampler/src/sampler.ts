/** The sampler: logits through a chain of processors, then one choice. */
import {
  BackendError,
  type Candidates,
  type LogitProcessor,
  RequestError,
  type Sampler,
  type SamplerContext,
} from '@yoco-u/spec';
import { exponential } from './exponential.ts';
import { createRandom, randomSeed } from './random.ts';
import { greatestLogit, indexOfBest } from './selection.ts';

export interface SamplerOptions {
  /** Applied in this order. None by default: the choice follows softmax(logits). */
  readonly processors?: readonly LogitProcessor[];
  /** An integer from 0 to 2^53 - 1; drawn from the platform's entropy if left out. */
  readonly seed?: number;
  /** Take the best candidate (the lowest id among equals) instead of drawing one. False by default. */
  readonly greedy?: boolean;
}

/** A sampler that tells its seed, so that a run can be repeated. */
export interface SeededSampler extends Sampler {
  readonly seed: number;
}

interface Buffers {
  readonly candidates: Candidates;
  /** [V], unnormalised probabilities. */
  readonly weights: Float64Array;
}

/**
 * A sampler for one sequence. The same seed, logits and context give the same ids on every platform; `reset` starts the stream
 * over. Buffers are made when the vocabulary size is first seen; after that `sample` allocates nothing.
 *
 * `sample` throws `BackendError` for logits that are empty, hold NaN or +Infinity or only -Infinity, and `RequestError` when the
 * processors leave nothing to choose from.
 */
export function createSampler(options: SamplerOptions = {}): SeededSampler {
  const processors = [...(options.processors ?? [])];
  const greedy = options.greedy ?? false;
  const random = createRandom(options.seed ?? randomSeed());
  let buffers = createBuffers(0);
  return {
    seed: random.seed,
    sample(logits, context) {
      if (buffers.weights.length !== logits.length) buffers = createBuffers(logits.length);
      const { candidates, weights } = buffers;
      load(candidates, logits);
      for (const processor of processors) applyChecked(processor, candidates, context);
      if (greedy) return best(candidates);
      return draw(candidates, weights, random.uniform());
    },
    reset() {
      random.reset();
      for (const processor of processors) processor.reset?.();
    },
  };
}

function createBuffers(vocabularySize: number): Buffers {
  return {
    candidates: {
      ids: new Int32Array(vocabularySize),
      logits: new Float32Array(vocabularySize),
      size: 0,
      sorted: false,
    },
    weights: new Float64Array(vocabularySize),
  };
}

function load(candidates: Candidates, logits: Float32Array): void {
  const { ids, logits: copy } = candidates;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id];
    // Also true for NaN.
    if (!(logit < Number.POSITIVE_INFINITY)) throw badLogit(id, logit);
    if (logit > greatest) greatest = logit;
    ids[id] = id;
    copy[id] = logit;
  }
  if (greatest === Number.NEGATIVE_INFINITY) {
    throw new BackendError({
      where: 'sampler: logits',
      expected: 'at least one finite value',
      got: logits.length === 0 ? 'an empty array' : `${logits.length} times -Infinity`,
      fix: 'check that the model ran and that its output was downloaded before sampling',
    });
  }
  candidates.size = logits.length;
  candidates.sorted = false;
}

function applyChecked(processor: LogitProcessor, candidates: Candidates, context: SamplerContext): void {
  const before = candidates.size;
  processor.apply(candidates, context);
  const after = candidates.size;
  if (Number.isInteger(after) && after >= 1 && after <= before) return;
  throw new RequestError({
    where: `sampler: processor '${processor.name}'`,
    expected: `1 to ${before} candidates left`,
    got: String(after),
    fix: 'a processor may drop candidates but must leave at least one',
  });
}

function best(candidates: Candidates): number {
  const index = indexOfBest(candidates);
  const { logits, size } = candidates;
  for (let i = 0; i < size; i++) if (Number.isNaN(logits[i])) throw nothingToChoose('NaN');
  if (!Number.isFinite(logits[index])) throw nothingToChoose(String(logits[index]));
  return candidates.ids[index];
}

/** Inverse transform sampling: the first candidate at which the running sum of probabilities passes `uniform`. */
function draw(candidates: Candidates, weights: Float64Array, uniform: number): number {
  const { ids, logits, size } = candidates;
  const greatest = greatestLogit(candidates);
  let total = 0;
  for (let i = 0; i < size; i++) {
    weights[i] = exponential(logits[i] - greatest);
    total += weights[i];
  }
  // The best candidate weighs 1, so anything else comes from NaN or infinite logits.
  if (!(total >= 1)) throw nothingToChoose(Number.isFinite(greatest) ? 'NaN' : String(greatest));
  const target = uniform * total;
  let reached = 0;
  let chosen = -1;
  for (let i = 0; i < size; i++) {
    if (weights[i] === 0) continue;
    reached += weights[i];
    chosen = ids[i];
    if (reached > target) break;
  }
  return chosen;
}

function badLogit(id: number, logit: number): BackendError {
  return new BackendError({
    where: `sampler: logits[${id}]`,
    expected: 'a finite number or -Infinity',
    got: String(logit),
    fix: 'the forward pass produced it: check the weights and their number format, or try another backend',
  });
}

function nothingToChoose(got: string): RequestError {
  return new RequestError({
    where: 'sampler: candidates after the last processor',
    expected: 'a finite best logit and no NaN',
    got,
    fix: 'a processor of the chain ruled out every token or overflowed; weaken or remove it',
  });
}
