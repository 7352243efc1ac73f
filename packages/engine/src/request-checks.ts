/** What a request must hold before anything runs. */
import { CapacityError, type GenerateRequest, RequestError } from '@yoco-u/spec';
import { checkId } from './runner.ts';

/** Throws `RequestError` for an empty prompt, `CapacityError` for one that the context does not hold. */
export function checkPrompt(ids: readonly number[], contextLength: number): void {
  if (ids.length === 0) {
    throw new RequestError({
      where: 'generate: prompt',
      expected: 'at least one token (the model has no BOS to start from)',
      got: 'none',
    });
  }
  if (ids.length > contextLength) {
    throw new CapacityError({
      where: 'generate: prompt',
      expected: `at most ${contextLength} tokens, which the context holds`,
      got: `${ids.length}`,
      fix: 'shorten the prompt or load the model with a larger contextLength',
    });
  }
}

/** Most alternatives with each token. */
const mostAlternatives = 20;

/** Throws `RequestError` for a count that is none of alternatives. */
export function checkAlternatives(where: string, count: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= mostAlternatives) return;
  throw new RequestError({ where, expected: `an integer from 0 to ${mostAlternatives}`, got: `${count}` });
}

/** Throws `RequestError` naming the field. */
export function checkRequest(request: GenerateRequest, vocabularySize: number): void {
  const { maxTokens, stop, priority = 0, sampling } = request;
  if (maxTokens !== undefined && !(Number.isInteger(maxTokens) && maxTokens >= 0)) {
    throw new RequestError({ where: 'generate: maxTokens', expected: 'an integer from 0 on', got: `${maxTokens}` });
  }
  if (stop?.some((text) => text === '')) {
    throw new RequestError({ where: 'generate: stop', expected: 'strings that are not empty', got: "''" });
  }
  for (const field of ['logProbabilities', 'promptLogProbabilities', 'choices'] as const) {
    if (request[field] !== undefined) checkAlternatives(`generate: ${field}`, request[field]);
  }
  if (!Number.isFinite(priority)) {
    throw new RequestError({ where: 'generate: priority', expected: 'a finite number', got: `${priority}` });
  }
  for (const id of Object.keys(sampling?.logitBias ?? {})) checkId(Number(id), vocabularySize, 'generate: logitBias');
}

/** Throws `RequestError` for a place that has nothing before it or nothing to score, `CapacityError` for too many ids. */
export function checkScore(ids: ArrayLike<number>, from: number, contextLength: number): void {
  if (!Number.isInteger(from) || from < 1 || from >= ids.length) {
    throw new RequestError({
      where: 'score: from',
      expected: `an integer from 1 to ${ids.length - 1}, below the ${ids.length} ids`,
      got: `${from}`,
    });
  }
  if (ids.length - 1 > contextLength) {
    throw new CapacityError({
      where: 'score',
      expected: `at most ${contextLength + 1} ids, which the context holds`,
      got: `${ids.length}`,
      fix: 'score the text in windows',
    });
  }
}
