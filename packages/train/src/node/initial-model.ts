/** Beginning with the weights of a model folder: another phase of training, or fine-tuning. */
import { join, resolve } from 'node:path';
import { openModelFolder } from '@yoco-u/checkpoint/node';
import { CheckpointError, ConfigError } from '@yoco-u/spec';
import { checkIterations, type IterationChoice } from '../iteration-choice.ts';
import { mergeRequests, modelKeys, type RunRequest } from '../run-request.ts';
import type { Trainer } from '../trainer.ts';
import { readInto } from './checkpoints.ts';

/**
 * The request with what it leaves open taken from the folder of its `initialModel`: sizes, stages, iterations drawn, tokenizer. Throws
 * `ConfigError` for a depth beside it, `CheckpointError` for a folder that cannot be read.
 */
export async function withInitialModel(request: RunRequest, directory = '.'): Promise<RunRequest> {
  const { initialModel, depth } = request;
  if (initialModel === undefined) return request;
  if (depth !== undefined) {
    const expected = `none, as the sizes are those of ${initialModel}`;
    throw new ConfigError({
      where: 'depth',
      expected,
      got: `${depth}`,
      fix: 'leave it out, or begin without that model',
    });
  }
  const path = resolve(directory, initialModel);
  await using folder = await openModelFolder(path);
  const { train_iterations: iterations } = folder.config;
  if (iterations !== undefined) checkIterations(iterations as IterationChoice, `${path}: train_iterations`);
  return mergeRequests(
    {
      model: Object.fromEntries(modelKeys.flatMap((key) => (key in folder.config ? [[key, folder.config[key]]] : []))),
      ...(iterations === undefined ? {} : { iterations: iterations as IterationChoice }),
      tokenizer: join(path, 'tokenizer.json'),
    },
    request,
  );
}

/** Reads the weights. Throws `CheckpointError` naming a tensor that is missing, is one too many, or has another shape. */
export async function readInitialModel(trainer: Trainer, initialModel: string, directory = '.'): Promise<void> {
  const path = resolve(directory, initialModel);
  await using folder = await openModelFolder(path);
  const extra = [...folder.tensors.keys()].find((name) => !trainer.weightNames.includes(name));
  if (extra !== undefined) {
    const fix = 'leave `model` open, so that it is that of the folder';
    throw new CheckpointError({
      where: path,
      expected: 'the tensors of the model in training',
      got: `'${extra}'`,
      fix,
    });
  }
  await readInto(trainer, trainer.weightNames, folder.tensors, path);
}

/** Throws `ConfigError` where a run that goes on should have begun with other weights. Relative paths of both begin in `directory`. */
export function checkSameInitialModel(saved: RunRequest, asked: RunRequest, directory: string): void {
  if (asked.initialModel === undefined) return;
  const [before, now] = [saved, asked].map(({ initialModel: path }) => path && resolve(directory, path));
  if (before === now) return;
  throw new ConfigError({
    where: 'resume: initialModel',
    expected: saved.initialModel ?? 'none, as the run began',
    got: asked.initialModel,
    fix: 'go on without it, or begin another run in a new folder',
  });
}
