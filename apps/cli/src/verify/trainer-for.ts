/** A trainer that starts from a model's weights. */
import type { ModelConfig } from '@yoco-u/model';
import type { Backend, DeviceBuffer } from '@yoco-u/spec';
import { elementCount } from '@yoco-u/tensor';
import {
  createTrainer,
  type OptimizerSettings,
  recordPrograms,
  supportsTraining,
  type Trainer,
  type TrainingBatch,
} from '@yoco-u/train';

export interface TrainerForOptions {
  readonly backend: Backend;
  readonly config: ModelConfig;
  /** Copied, never written. */
  readonly parameters: Readonly<Record<string, DeviceBuffer>>;
  /** As large as any that will be run. */
  readonly batch: TrainingBatch;
  readonly optimizer?: OptimizerSettings;
  readonly clip?: number;
}

/** The trainer; or, where the backend cannot run a call of training, the reason. */
export async function trainerFor(options: TrainerForOptions): Promise<Trainer | string> {
  const { backend, config, parameters, batch } = options;
  const shape = {
    config,
    sequences: batch.tokens.length,
    sequenceLength: Math.max(...batch.tokens.map(({ length }) => length)),
    optimizer: options.optimizer ?? ({ kind: 'sgd', momentum: 0, weightDecay: 0 } as const),
    clip: options.clip ?? 1,
    evaluateIterations: [],
  };
  const supported = supportsTraining(backend, recordPrograms(shape));
  if (supported !== true) return supported;
  const trainer = await createTrainer({ ...shape, backend });
  try {
    for (const [name, buffer] of Object.entries(parameters)) {
      const values = new Float32Array(elementCount(buffer.type));
      await backend.download(buffer, values);
      trainer.write(name, values);
    }
    return trainer;
  } catch (error) {
    trainer[Symbol.dispose]();
    throw error;
  }
}
