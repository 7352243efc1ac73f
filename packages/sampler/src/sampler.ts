/** The sampler: logits through a chain of processors, then one choice. */
import {
  BackendError,
  type BestLogits,
  type Candidates,
  type Choice,
  type LogitProcessor,
  RequestError,
  type Sampler,
  type SamplerContext,
} from '@yoco-u/spec';
import { candidatesNeeded } from './candidates-needed.ts';
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
  /** What the last `sample` drew from: the `count` likeliest ids, likeliest first, of equal ones the lowest id first. */
  choices(count: number): Choice[];
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
 * `sample` and `sampleBest` throw `BackendError` for logits that are empty, hold NaN or +Infinity or only -Infinity, and `RequestError` when the
 * processors leave nothing to choose from.
 */
export function createSampler(options: SamplerOptions = {}): SeededSampler {
  const processors = [...(options.processors ?? [])];
  const greedy = options.greedy ?? false;
  const random = createRandom(options.seed ?? randomSeed());
  let buffers = createBuffers(0);
  const candidatesOf = (vocabularySize: number): Candidates => {
    if (buffers.weights.length !== vocabularySize) buffers = createBuffers(vocabularySize);
    return buffers.candidates;
  };
  const choose = ({ candidates, weights }: Buffers, context: SamplerContext): number => {
    for (const processor of processors) applyChecked(processor, candidates, context);
    if (greedy) return best(candidates);
    return draw(candidates, weights, random.uniform());
  };
  return {
    seed: random.seed,
    candidatesNeeded: (vocabularySize) => candidatesNeeded(processors, greedy, vocabularySize),
    sample(logits, context) {
      load(candidatesOf(logits.length), logits);
      return choose(buffers, context);
    },
    sampleBest(given, context) {
      loadBest(candidatesOf(given.vocabularySize), given);
      return choose(buffers, context);
    },
    choices(count) {
      const { candidates, weights } = buffers;
      if (candidates.size === 0) return [];
      return greedy
        ? [{ id: best(candidates), probability: 1 }].slice(0, count)
        : likeliest(candidates, weights, count);
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
    const logit = checkedLogit(logits[id], id);
    if (logit > greatest) greatest = logit;
    ids[id] = id;
    copy[id] = logit;
  }
  if (greatest === Number.NEGATIVE_INFINITY) throw noneFinite(logits.length);
  candidates.size = logits.length;
  candidates.sorted = false;
}

function loadBest(candidates: Candidates, { pairs, vocabularySize }: BestLogits): void {
  const { ids, logits } = candidates;
  const size = pairs.length / 2;
  for (let i = 0; i < size; i++) {
    const id = pairs[2 * i + 1];
    logits[i] = checkedLogit(pairs[2 * i], id);
    ids[i] = id;
  }
  if (size === 0 || logits[0] === Number.NEGATIVE_INFINITY) throw noneFinite(vocabularySize);
  candidates.size = size;
  candidates.sorted = true;
}

function checkedLogit(logit: number, id: number): number {
  // false for NaN too
  if (logit < Number.POSITIVE_INFINITY) return logit;
  throw new BackendError({
    where: `sampler: logits[${id}]`,
    expected: 'a finite number or -Infinity',
    got: String(logit),
    fix: 'the forward pass produced it: check the weights and their number format, or try another backend',
  });
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

function likeliest({ ids, size }: Candidates, weights: Float64Array, count: number): Choice[] {
  const isBefore = (a: number, b: number): boolean =>
    weights[a] > weights[b] || (weights[a] === weights[b] && ids[a] < ids[b]);
  let total = 0;
  // few of a vocabulary are asked for, and with each token: it is not sorted
  const found: number[] = [];
  for (let i = 0; i < size; i++) {
    total += weights[i];
    if (weights[i] === 0 || (found.length >= count && !isBefore(i, found[count - 1]))) continue;
    let place = found.length;
    while (place > 0 && isBefore(i, found[place - 1])) place--;
    found.splice(place, 0, i);
    found.length = Math.min(found.length, count);
  }
  return found.map((i) => ({ id: ids[i], probability: weights[i] / total }));
}

function noneFinite(count: number): BackendError {
  return new BackendError({
    where: 'sampler: logits',
    expected: 'at least one finite value',
    got: count === 0 ? 'an empty array' : `${count} times -Infinity`,
    fix: 'check that the model ran and that its output was downloaded before sampling',
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
