/** A run on disk: a model folder at its top, and what it takes to go on below. */
import { mkdir, readdir, readFile, realpath, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseJsonObject } from '@yoco-u/checkpoint';
import {
  openModelFolder,
  readTextFile,
  removeAbandonedFiles,
  writeFileAtomically,
  writeModelFolder,
} from '@yoco-u/checkpoint/node';
import { CapacityError, ConfigError } from '@yoco-u/spec';
import type { SaveEvent, TrainEvent } from '../events.ts';
import { renderReport } from '../report.ts';
import type { RunConfig } from '../run-config.ts';
import { parseRunRequest, type RunRequest } from '../run-request.ts';
import type { TrainState } from '../train-state.ts';
import { modelTensors, type Trainer } from '../trainer.ts';
import { type CheckpointFiles, type Checkpoints, createCheckpoints, type SavedCheckpoint } from './checkpoints.ts';
import { cannotWrite } from './folder-lock.ts';
import { createMetricsFile } from './metrics-file.ts';

/** What a run was asked for and what came of it: `train.json`. */
export interface SavedRun {
  readonly request: RunRequest;
  readonly config: RunConfig;
  /** Where relative paths of the request begin, told there from the run folder, as both may be moved; runs of before do not tell it. */
  readonly directory?: string;
}

const runFile = 'train.json';
const tokenizerFile = 'tokenizer.json';
export const metricsFile = 'metrics.jsonl';
const reportFile = 'report.html';
/** What a run folder holds besides `train.json` and checkpoints, and what is not made from them. */
export const runFiles = [tokenizerFile, metricsFile] as const;
const ownFiles = [runFile, ...runFiles, reportFile, 'model.safetensors', 'config.json'];

export interface RunFolder {
  readonly path: string;
  readonly checkpoints: Checkpoints;
  /** Writes what a new run starts from. */
  begin(): Promise<void>;
  /** Loads a checkpoint and, unless `accept` throws at its state, removes all that came after it. */
  resume(step: number, trainer: Trainer, accept: (state: TrainState) => void): Promise<SavedCheckpoint>;
  /** A checkpoint, then the model at the top, then the report. */
  save(trainer: Trainer, event: SaveEvent): Promise<void>;
  append(event: TrainEvent): Promise<void>;
}

/** Makes the folder. Throws `ConfigError` where it cannot be made, or is a file; whether it takes files shows when it is locked. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeFolders(resolve(path));
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** One by one: on some file systems (/proc) a recursive mkdir never ends. */
async function makeFolders(path: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory() === true) return;
  if (dirname(path) !== path) await makeFolders(dirname(path));
  await mkdir(path);
}

/** The run that a folder holds, or undefined: one is there once its first checkpoint is. Throws `CheckpointError` where a part of it is gone. */
export async function readRun(path: string): Promise<(SavedRun & { readonly tokenizerJson: string }) | undefined> {
  const latest = await createCheckpoints(join(path, 'checkpoints'), noFiles, 1).latest();
  if (latest === undefined) return undefined;
  const file = join(path, runFile);
  const { request, config, directory } = parseJsonObject(await readTextFile(file), file);
  return {
    request: parseRunRequest(request, `${file}: request`),
    config: config as RunConfig,
    ...(typeof directory === 'string' ? { directory: resolve(await realpath(path), directory) } : {}),
    tokenizerJson: await readTextFile(join(path, tokenizerFile)),
  };
}

/** Writes `train.json`. */
export async function writeRun(path: string, { directory, ...run }: SavedRun): Promise<void> {
  const from = directory === undefined ? {} : { directory: relative(await realpath(path), resolve(directory)) || '.' };
  const text = `${JSON.stringify({ version: 1, ...run, ...from }, null, 2)}\n`;
  await writeFileAtomically(join(path, runFile), [new TextEncoder().encode(text)]);
}

/** Throws `ConfigError` for a folder that holds a file that a run would overwrite, and that is not of one: a model, somebody's config.json. */
export async function refuseOtherFiles(path: string): Promise<void> {
  if (await hasBegun(path)) return;
  const got = (await readdir(path)).find((name) => ownFiles.includes(name));
  if (got === undefined) return;
  const expected = 'a folder without files that a run writes';
  throw new ConfigError({ where: path, expected, got, fix: 'name another folder, or move the file away' });
}

/** Whether a run wrote its `train.json`, if nothing more: a config file may have the same name. */
async function hasBegun(path: string): Promise<boolean> {
  const file = join(path, runFile);
  try {
    const { request, config } = parseJsonObject(await readFile(file, 'utf8'), file);
    return request !== undefined && config !== undefined;
  } catch {
    return false;
  }
}

/** Throws `CapacityError` where the disk has no room for the checkpoints of a run. */
export async function requireRoom({ path, checkpoints }: RunFolder, trainer: Trainer, keep: number): Promise<void> {
  const { parameters, moments } = trainer.memory;
  // the latest, the best and the one being written, less those that are there; and the model at the top, twice
  const more = Math.max(1, keep + 2 - (await checkpoints.count()));
  const needed = more * (parameters + moments) + 2 * parameters;
  const room = await statfs(path).catch(() => undefined);
  if (room === undefined || room.bavail * room.bsize >= needed) return;
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw new CapacityError({
    where: path,
    expected: `${mebibytes(needed)} free for ${more} checkpoints`,
    got: mebibytes(room.bavail * room.bsize),
    fix: 'free some, keep fewer checkpoints, or name a folder on another disk',
  });
}

const noFiles: CheckpointFiles = { model: {}, tokenizerJson: '' };

export function openRunFolder(path: string, run: SavedRun, tokenizerJson: string): RunFolder {
  const { config } = run;
  const checkpoints = createCheckpoints(
    join(path, 'checkpoints'),
    { model: config.model, tokenizerJson },
    config.checkpoints.keep,
  );
  const metrics = createMetricsFile(join(path, metricsFile));
  const writeText = (name: string, text: string): Promise<void> =>
    writeFileAtomically(join(path, name), [new TextEncoder().encode(text)]);
  const report = async (): Promise<void> => writeText(reportFile, renderReport(await metrics.read(), config));
  const publish = async (trainer: Trainer, step: number): Promise<void> => {
    const tensors = modelTensors(trainer);
    await writeModelFolder(path, { config: config.model, tensors, tokenizerJson, metadata: { step: String(step) } });
  };
  let lastSaved: number | undefined;

  return {
    path,
    checkpoints,
    async begin() {
      await removeAbandonedFiles(path, ownFiles);
      // first what says that the other files are a run's
      await writeRun(path, run);
      await checkpoints.cutAfter(-1);
      await metrics.cutAfter(-1);
      await writeText(tokenizerFile, tokenizerJson);
    },
    async resume(step, trainer, accept) {
      const saved = await checkpoints.load(step, trainer);
      accept(saved.state);
      await removeAbandonedFiles(path, ownFiles);
      await writeRun(path, run);
      await checkpoints.cutAfter(step);
      await metrics.cutAfter(step);
      if ((await publishedStep(path)) !== step) await publish(trainer, step);
      await report();
      lastSaved = step;
      return saved;
    },
    async save(trainer, event) {
      await checkpoints.save(trainer, event, lastSaved);
      lastSaved = event.step;
      await publish(trainer, event.step);
      await report();
    },
    append: (event) => metrics.append(event),
  };
}

/** The step of the weights at the top; undefined where there are none that can be read. */
async function publishedStep(path: string): Promise<number | undefined> {
  try {
    await using folder = await openModelFolder(path);
    return Number(folder.metadata.get('step'));
  } catch {
    return undefined;
  }
}
