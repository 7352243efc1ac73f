/** The programs of a training run, and the memory they need: known before anything is taken. */
import {
  gradientName,
  listParameters,
  type ModelConfig,
  recordForward,
  recordTraining,
  withIterations,
} from '@yoco-u/model';
import type { Backend, Program } from '@yoco-u/spec';
import { byteLength, describeCall, expandProgram, f32, planArena } from '@yoco-u/tensor';
import { momentNames, type OptimizerPrograms, type OptimizerSettings, recordOptimizer } from './optimizer.ts';
import { type RecomputeShare, recomputedApplications } from './recompute.ts';

export interface TrainingShape {
  readonly config: ModelConfig;
  /** Sequences of one run. */
  readonly sequences: number;
  /** Most ids of a sequence. */
  readonly sequenceLength: number;
  readonly optimizer: OptimizerSettings;
  /** Largest norm of all gradients together. */
  readonly clip: number;
  /** Layer applications whose activations are computed again instead of kept: less memory, up to a third more work. Default: none. */
  readonly recompute?: RecomputeShare;
  /** Iteration counts of the first self stage to train at. Default: the model's own. */
  readonly trainIterations?: readonly number[];
  /** Iteration counts to evaluate at. Default: the model's own; empty for none. */
  readonly evaluateIterations?: readonly number[];
}

export interface TrainingPrograms extends OptimizerPrograms {
  /** By iteration count. */
  readonly training: ReadonlyMap<number, Program>;
  readonly evaluation: ReadonlyMap<number, Program>;
}

/** Bytes of a training run. */
export interface TrainingMemory {
  readonly parameters: number;
  readonly gradients: number;
  readonly moments: number;
  /** Inputs and outputs. */
  readonly batch: number;
  /** Activations and other temporaries: the largest program's. */
  readonly arena: number;
  readonly total: number;
}

/** Iterations of the first self stage; 1 for a model without one. */
export function ownIterations(config: ModelConfig): number {
  return config.stages.find((stage) => stage.type === 'self')?.iterations ?? 1;
}

/** Throws `ConfigError` for iteration counts that the model cannot have. */
export function recordPrograms(shape: TrainingShape): TrainingPrograms {
  const { config, sequences, sequenceLength } = shape;
  const own = ownIterations(config);
  const rows = { maxRows: sequences * sequenceLength, maxSegments: sequences };
  const perDepth = (counts: readonly number[], record: (config: ModelConfig) => Program): Map<number, Program> =>
    new Map(counts.map((count) => [count, record(count === own ? config : withIterations(config, count))]));
  return {
    training: perDepth(shape.trainIterations ?? [own], (model) =>
      recordTraining(model, { ...rows, recompute: recomputedApplications(model, shape.recompute ?? false) }),
    ),
    evaluation: perDepth(shape.evaluateIterations ?? [own], (model) =>
      recordForward(model, { ...rows, outputs: 'all', head: 'loss', matrixFormat: f32 }),
    ),
    ...recordOptimizer(config, shape),
  };
}

export function listPrograms({ training, evaluation, norm, step }: TrainingPrograms): readonly Program[] {
  return [...training.values(), ...evaluation.values(), norm, step];
}

/** True, or which kernel the backend cannot run, and why. */
export function supportsTraining(backend: Backend, programs: TrainingPrograms): true | string {
  for (const program of listPrograms(programs)) {
    for (const call of expandProgram(program, (fused) => backend.supports(fused) === true).calls) {
      const answer = backend.supports(describeCall(program, call));
      if (answer !== true) return answer;
    }
  }
  return true;
}

/** What the programs need without a device's padding and per-thread scratch; `arenaOf` may know better. */
export function planMemory(
  { config, optimizer }: Pick<TrainingShape, 'config' | 'optimizer'>,
  programs: TrainingPrograms,
  arenaOf: (program: Program) => number = (program) => planArena(program).bytes,
): TrainingMemory {
  const sizes = new Map<string, number>();
  let arena = 0;
  for (const program of listPrograms(programs)) {
    arena = Math.max(arena, arenaOf(program));
    for (const { role, name, type } of program.tensors) if (role !== 'temporary') sizes.set(name, byteLength(type));
  }
  const take = (names: readonly string[]): number =>
    names.reduce((sum, name) => {
      const bytes = sizes.get(name) ?? 0;
      sizes.delete(name);
      return sum + bytes;
    }, 0);
  const listed = listParameters(config);
  const all = listed.map(({ name }) => name);
  const parameters = take(all);
  const gradients = take(all.map(gradientName));
  const moments = take(listed.flatMap((parameter) => momentNames(optimizer, parameter)));
  const batch = take([...sizes.keys()]);
  return { parameters, gradients, moments, batch, arena, total: parameters + gradients + moments + batch + arena };
}
