/** Initial weights: what training starts from. */
import type { ModelConfig } from '@yoco-u/model';
import { listParameters } from '@yoco-u/model';
import { createRandom } from '@yoco-u/sampler';

export interface InitialTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Matrices whose result is added to the residual stream. */
const residualOutputs = /\.(o_proj|down_proj)\.weight$/;

/**
 * Seeded initial weights, one tensor at a time: vectors are ones; matrices are normal with standard deviation 1/√in, so that
 * a normed input gives outputs of unit size. Those that write to the residual stream are scaled down by √(2 · layer
 * applications), iterations counted: the stream must not grow with the effective depth (Radford et al. 2019, section 2.3,
 * for L layers applied once). With `scratch`, room for the largest, values lie there until the next tensor is asked for.
 */
export function* initialWeights(config: ModelConfig, seed: number, scratch?: Float32Array): Generator<InitialTensor> {
  const applications = config.stages.reduce((sum, stage) => sum + stage.iterations * stage.layers.length, 0);
  const normal = createNormal(seed);
  for (const { name, shape } of listParameters(config)) {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = scratch?.subarray(0, count) ?? new Float32Array(count);
    if (shape.length === 1) values.fill(1);
    else {
      const deviation = 1 / Math.sqrt(shape[1]!) / (residualOutputs.test(name) ? Math.sqrt(2 * applications) : 1);
      for (let i = 0; i < values.length; i++) values[i] = normal() * deviation;
    }
    yield { name, shape, values };
  }
}

/** Standard normal numbers: Box and Muller 1958. */
function createNormal(seed: number): () => number {
  const random = createRandom(seed);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // 1 − u lies in (0, 1]: its logarithm is finite
    const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
