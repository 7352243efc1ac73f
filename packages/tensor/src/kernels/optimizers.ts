/**
 * Optimizer steps: parameter and moments are states, updated in place; the gradient is read.
 *
 * g below is gradient · gradientScale · scale[0]: a factor from the host and one that the device computed (see
 * `clip_scale`), each 1 where it is absent.
 */
import type { KernelSpec, NumberArray, ReferenceCall, TensorType, Value } from '@yoco-u/spec';
import { byteLength, elementCount } from '../shape.ts';
import { expectElement, expectInputs, expectOneElement, expectSameShape } from './checks.ts';

export interface OptimizerParams {
  readonly learningRate: Value;
  /** Decoupled: the step takes learningRate · weightDecay of the parameter away, whatever its gradient. */
  readonly weightDecay: Value;
  /** Default 1. */
  readonly gradientScale?: Value;
}

export interface AdamwUpdateParams extends OptimizerParams {
  readonly beta1: Value;
  readonly beta2: Value;
  readonly eps: Value;
  /** 1 − beta1^step, the first step being 1. */
  readonly meanCorrection: Value;
  /** 1 − beta2^step. */
  readonly varianceCorrection: Value;
}

/**
 * One step of AdamW: parameter, mean, variance (states of one shape), gradient of that shape, scale [1] or absent.
 *
 * mean = beta1·mean + (1 − beta1)·g;  variance = beta2·variance + (1 − beta2)·g²;
 * parameter −= learningRate · ((mean / meanCorrection) / (sqrt(variance / varianceCorrection) + eps) + weightDecay·parameter)
 *
 * Loshchilov and Hutter 2019 (arXiv 1711.05101).
 */
export const adamwUpdate: KernelSpec<AdamwUpdateParams> = {
  name: 'adamw_update',
  updates: [0, 1, 2],
  infer(inputs) {
    expectInputs('adamw_update', inputs, 4, 5);
    expectStep('adamw_update', ['parameter', 'mean', 'variance', 'gradient'], inputs.slice(0, 4), inputs[4]);
    return [];
  },
  cost: ([parameter]) => ({ flops: 16 * elementCount(parameter!), bytes: 7 * byteLength(parameter!) }),
  reference(call) {
    const [parameter, mean, variance, gradient, scale] = call.inputs;
    const { params, value } = call;
    const beta1 = value(params.beta1);
    const beta2 = value(params.beta2);
    const eps = value(params.eps);
    const learningRate = value(params.learningRate);
    const weightDecay = value(params.weightDecay);
    const meanCorrection = value(params.meanCorrection);
    const varianceCorrection = value(params.varianceCorrection);
    const factor = gradientFactor(call, scale);
    for (let i = 0; i < parameter!.length; i++) {
      const g = gradient![i]! * factor;
      mean![i] = beta1 * mean![i]! + (1 - beta1) * g;
      variance![i] = beta2 * variance![i]! + (1 - beta2) * g * g;
      const step = mean![i]! / meanCorrection / (Math.sqrt(variance![i]! / varianceCorrection) + eps);
      parameter![i] = parameter![i]! - learningRate * (step + weightDecay * parameter![i]!);
    }
  },
};

export interface SgdUpdateParams extends OptimizerParams {
  /** Part of the velocity that stays; 0 for plain gradient descent. */
  readonly momentum: Value;
}

/**
 * One step of gradient descent: parameter, velocity (states of one shape), gradient of that shape, scale [1] or absent.
 * velocity = momentum·velocity + g;  parameter −= learningRate · (velocity + weightDecay·parameter)
 */
export const sgdUpdate: KernelSpec<SgdUpdateParams> = {
  name: 'sgd_update',
  updates: [0, 1],
  infer(inputs) {
    expectInputs('sgd_update', inputs, 3, 4);
    expectStep('sgd_update', ['parameter', 'velocity', 'gradient'], inputs.slice(0, 3), inputs[3]);
    return [];
  },
  cost: ([parameter]) => ({ flops: 7 * elementCount(parameter!), bytes: 5 * byteLength(parameter!) }),
  reference(call) {
    const [parameter, velocity, gradient, scale] = call.inputs;
    const { params, value } = call;
    const momentum = value(params.momentum);
    const learningRate = value(params.learningRate);
    const weightDecay = value(params.weightDecay);
    const factor = gradientFactor(call, scale);
    for (let i = 0; i < parameter!.length; i++) {
      velocity![i] = momentum * velocity![i]! + gradient![i]! * factor;
      parameter![i] = parameter![i]! - learningRate * (velocity![i]! + weightDecay * parameter![i]!);
    }
  },
};

/** Checks that tensors are of one shape, and the factor on the gradient. */
export function expectStep(
  where: string,
  names: readonly string[],
  types: readonly TensorType[],
  scale: TensorType | undefined,
): void {
  types.forEach((type, index) => {
    expectElement(where, names[index]!, type, 'f32');
    expectSameShape(where, `${names[0]} and ${names[index]}`, types[0]!, type);
  });
  if (scale !== undefined) expectOneElement(where, 'scale', scale);
}

/** What a gradient is multiplied by. */
export function gradientFactor(
  { params, value }: ReferenceCall<Pick<OptimizerParams, 'gradientScale'>>,
  scale: NumberArray | undefined,
): number {
  return value(params.gradientScale ?? 1) * (scale?.[0] ?? 1);
}
