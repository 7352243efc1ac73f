/** A run that goes on is told of text from one directory, and began in another. */
import { isAbsolute, relative, resolve } from 'node:path';
import { isTextPackage } from '../data/node/text-packages.ts';
import type { RunRequest } from '../run-request.ts';

/** The request with relative paths that begin in `to` and lead where they led from `from`. */
export function movedRequest(request: RunRequest, from: string, to: string): RunRequest {
  if (from === to) return request;
  const move = (path: string): string =>
    isAbsolute(path) || isTextPackage(path) ? path : relative(to, resolve(from, path)) || '.';
  const { data, validationData, initialModel, tokenizer } = request;
  return {
    ...request,
    ...(data === undefined ? {} : { data: data.map(move) }),
    ...(validationData === undefined ? {} : { validationData: validationData.map(move) }),
    ...(initialModel === undefined ? {} : { initialModel: move(initialModel) }),
    ...(tokenizer === undefined ? {} : { tokenizer: move(tokenizer) }),
  };
}
