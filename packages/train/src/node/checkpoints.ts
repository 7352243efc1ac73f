/**
 * Checkpoints of a run: folders that appear under their name only when they are complete, and a pointer to the latest that is
 * written last. Whatever moment a process dies at, the pointer names a whole checkpoint.
 */
import { cp, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openSafetensors, parseJsonObject, tensorOf, type WritableTensor } from '@yoco-u/checkpoint';
import {
  openFileSource,
  openModelFolder,
  removeAbandonedFiles,
  writeFileAtomically,
  writeModelFolder,
  writeSafetensors,
} from '@yoco-u/checkpoint/node';
import { CheckpointError } from '@yoco-u/spec';
import { DivergenceError, isFiniteTensor } from '../divergence-error.ts';
import type { SaveEvent } from '../events.ts';
import { parseTrainState, type TrainState } from '../train-state.ts';
import type { Trainer } from '../trainer.ts';

/** What every checkpoint holds besides weights and moments: it is a model folder of its own. */
export interface CheckpointFiles {
  /** config.json */
  readonly model: Readonly<Record<string, unknown>>;
  readonly tokenizerJson: string;
}

export interface SavedCheckpoint {
  readonly step: number;
  readonly state: TrainState;
  readonly validationLoss: number | undefined;
}

const momentsFile = 'optimizer.safetensors';
const stateFile = 'state.json';
const latestFile = 'latest.json';
const bestFile = 'best.json';
const folderOf = (step: number): string => `step-${step}`;

/** `checkpoints/` of a run folder. */
export interface Checkpoints {
  /** The step of the latest; undefined where there is none. */
  latest(): Promise<number | undefined>;
  count(): Promise<number>;
  /** Throws `CheckpointError` where there is none of the step. */
  require(step: number): Promise<void>;
  path(step: number): string;
  /** Writes a whole checkpoint, then points to it, then removes those beyond `keep` and the best. */
  save(trainer: Trainer, event: SaveEvent, lastSaved: number | undefined): Promise<void>;
  /** Reads weights and moments into a trainer. Throws `CheckpointError` for what is missing or does not fit. */
  load(step: number, trainer: Trainer): Promise<SavedCheckpoint>;
  /** Takes over a checkpoint of another run as the latest. Throws `CheckpointError` where that run has none of the step. */
  adopt(other: Checkpoints, step: number): Promise<void>;
  /** Points to an earlier checkpoint and removes what came later, and what died half written or half removed. */
  cutAfter(step: number): Promise<void>;
}

export function createCheckpoints(folder: string, files: CheckpointFiles, keep: number): Checkpoints {
  const path = (step: number): string => join(folder, folderOf(step));
  const point = (file: string, value: object): Promise<void> =>
    writeFileAtomically(join(folder, file), [new TextEncoder().encode(`${JSON.stringify(value)}\n`)]);
  const stage = async (step: number): Promise<string> => {
    await mkdir(folder, { recursive: true });
    const staged = join(folder, `.writing-${folderOf(step)}`);
    await rm(staged, { recursive: true, force: true });
    return staged;
  };
  const publish = async (staged: string, step: number): Promise<void> => {
    await removeWhole(folder, folderOf(step));
    await rename(staged, path(step));
    await syncFolder(folder);
    await point(latestFile, { step });
  };

  return {
    path,
    latest: () => readLatest(folder),
    count: async () => (await listSteps(folder)).length,
    async require(step) {
      const steps = await listSteps(folder);
      if (steps.includes(step)) return;
      const expected = `the step of a checkpoint (${steps.toReversed().join(', ') || 'none is there'})`;
      throw new CheckpointError({ where: folder, expected, got: `${step}`, fix: 'name one of these' });
    },
    async save(trainer, { step, state, validationLoss }, lastSaved) {
      const staged = await stage(step);
      await using _staged = { [Symbol.asyncDispose]: () => rm(staged, { recursive: true, force: true }) };
      await writeModelFolder(staged, {
        config: files.model,
        tokenizerJson: files.tokenizerJson,
        tensors: tensorsOf(trainer, trainer.weightNames, step, lastSaved),
        metadata: { step: String(step) },
      });
      const moments = tensorsOf(trainer, trainer.momentNames, step, lastSaved);
      await writeSafetensors(join(staged, momentsFile), moments, { metadata: { step: String(step) } });
      const record = { state, validationLoss: validationLoss ?? null };
      await writeFileAtomically(join(staged, stateFile), [new TextEncoder().encode(`${JSON.stringify(record)}\n`)]);
      await publish(staged, step);
      await prune(folder, keep, point);
    },
    async adopt(other, step) {
      await readState(dirname(other.path(step)), step);
      const staged = await stage(step);
      await cp(other.path(step), staged, { recursive: true });
      await publish(staged, step);
    },
    async load(step, trainer) {
      const saved = await readState(folder, step);
      await using weights = await openModelFolder(path(step));
      await readInto(trainer, trainer.weightNames, weights.tensors, path(step));
      const source = await openFileSource(join(path(step), momentsFile));
      try {
        await readInto(trainer, trainer.momentNames, (await openSafetensors(source)).tensors, source.name);
      } finally {
        await source.close?.();
      }
      return saved;
    },
    async cutAfter(step) {
      const latest = await readLatest(folder);
      if (latest !== undefined && latest > step) await point(latestFile, { step });
      for (const name of await listNames(folder)) {
        const number = stepOf(name);
        if (number !== undefined && number > step) await removeWhole(folder, name);
        else if (/^\.(writing|removing)-/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
      }
      await removeAbandonedFiles(folder, [latestFile, bestFile]);
      await prune(folder, keep, point);
    },
  };
}

/**
 * The step that `latest.json` names; without one the newest there is, as folders have their name only when they are complete, and what
 * took weeks is not to be begun anew for a pointer. Undefined where there is none. Throws `CheckpointError` for a pointer that cannot be
 * read.
 */
async function readLatest(folder: string): Promise<number | undefined> {
  const path = join(folder, latestFile);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return (await listSteps(folder))[0];
  const { step } = parseJsonObject(text, path);
  if (Number.isSafeInteger(step) && (step as number) >= 0) return step as number;
  const fix = 'correct it to the step of one of the folders beside it';
  throw new CheckpointError({ where: path, expected: '{ "step": … }', got: text.trim().slice(0, 80), fix });
}

async function readState(folder: string, step: number): Promise<SavedCheckpoint> {
  const path = join(folder, folderOf(step), stateFile);
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    const fix = 'resume from another checkpoint';
    throw new CheckpointError(
      { where: path, expected: 'the state of a checkpoint', got: cause.message, fix },
      { cause },
    );
  });
  const { state, validationLoss } = parseJsonObject(text, path);
  const parsed = parseTrainState(state, path);
  return { step, state: parsed, validationLoss: typeof validationLoss === 'number' ? validationLoss : undefined };
}

/** Reads one tensor after the other. Throws `DivergenceError` for one that is not finite: a checkpoint is good or not there. */
function tensorsOf(
  trainer: Trainer,
  names: readonly string[],
  step: number,
  lastSaved: number | undefined,
): readonly WritableTensor[] {
  return names.map((name) => ({
    ...tensorOf(name, trainer.shapeOf(name), trainer.scratch),
    async read() {
      const values = await trainer.read(name, trainer.scratch);
      if (isFiniteTensor(values)) return values;
      const value = values.find((element) => !Number.isFinite(element))!;
      throw new DivergenceError({ step, what: 'weights', value, tensor: name, lastSaved });
    },
  }));
}

/** Reads tensors by name into a trainer. Throws `CheckpointError` naming the first that is missing or does not fit. */
export async function readInto(
  trainer: Trainer,
  names: readonly string[],
  tensors: Awaited<ReturnType<typeof openSafetensors>>['tensors'],
  where: string,
): Promise<void> {
  for (const name of names) {
    const entry = tensors.get(name);
    const expected = `'${name}' [${trainer.shapeOf(name).join(', ')}]`;
    const got = entry === undefined ? 'none' : `[${entry.shape.join(', ')}]`;
    if (entry === undefined || entry.shape.join() !== trainer.shapeOf(name).join()) {
      throw new CheckpointError({ where, expected, got, fix: 'resume from another checkpoint' });
    }
    const into = trainer.scratch.subarray(0, entry.elements);
    trainer.write(name, await entry.readFloat32({ into }));
  }
}

async function prune(
  folder: string,
  keep: number,
  point: (file: string, value: object) => Promise<void>,
): Promise<void> {
  const steps = await listSteps(folder);
  let best: { readonly step: number; readonly validationLoss: number } | undefined;
  for (const step of steps) {
    const { validationLoss } = await readState(folder, step);
    if (validationLoss === undefined || (best !== undefined && best.validationLoss <= validationLoss)) continue;
    best = { step, validationLoss };
  }
  if (best !== undefined) await point(bestFile, best);
  for (const step of steps.slice(keep)) if (step !== best?.step) await removeWhole(folder, folderOf(step));
}

/** Takes the name away first: half a checkpoint must not look like one. */
async function removeWhole(folder: string, name: string): Promise<void> {
  const removed = join(folder, `.removing-${name}`);
  await rm(removed, { recursive: true, force: true });
  const renamed = await rename(join(folder, name), removed).then(
    () => true,
    () => false,
  );
  if (renamed) await rm(removed, { recursive: true, force: true });
}

async function listNames(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** The latest first. */
async function listSteps(folder: string): Promise<readonly number[]> {
  const steps = (await listNames(folder)).map(stepOf).filter((step) => step !== undefined);
  return steps.sort((a, b) => b - a);
}

function stepOf(name: string): number | undefined {
  const found = /^step-(\d+)$/.exec(name);
  return found === null ? undefined : Number(found[1]);
}

/** Makes new names durable, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
