/**
 * What Muon is made of, besides a product of matrices: a direction from the momentum, made of norm 1, the polynomial of an
 * iteration, and the step. `orthogonalize` puts them together. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/
 */
import { type KernelSpec, ShapeError, type TensorType, type Value } from '@yoco-u/spec';
import { byteLength, describeType, elementCount, f32, rowCount, tensorType } from '../shape.ts';
import { expectElement, expectInputs, expectOneElement, expectSameShape } from './checks.ts';
import { expectStep, gradientFactor } from './optimizers.ts';

export interface MuonDirectionParams {
  /** Part of the momentum that stays. */
  readonly momentum: Value;
  /** Default 1. */
  readonly gradientScale?: Value;
}

/**
 * Momentum, looked ahead by one step: mean (a state), gradient of its shape, scale [1] or absent → direction, of that shape.
 * With g = gradient · gradientScale · scale[0]:
 * mean = momentum·mean + (1 − momentum)·g;  direction = momentum·mean + (1 − momentum)·g
 *
 * Nesterov momentum as Muon has it (Jordan et al. 2024).
 */
export const muonDirection: KernelSpec<MuonDirectionParams> = {
  name: 'muon_direction',
  updates: [0],
  infer(inputs) {
    expectInputs('muon_direction', inputs, 2, 3);
    expectStep('muon_direction', ['mean', 'gradient'], inputs.slice(0, 2), inputs[2]);
    return [tensorType(f32, ...inputs[0]!.shape)];
  },
  cost: ([mean]) => ({ flops: 6 * elementCount(mean!), bytes: 4 * byteLength(mean!) }),
  reference(call) {
    const [mean, gradient, scale] = call.inputs;
    const [direction] = call.outputs;
    const momentum = call.value(call.params.momentum);
    const factor = gradientFactor(call, scale);
    for (let i = 0; i < mean!.length; i++) {
      const fresh = (1 - momentum) * gradient![i]! * factor;
      mean![i] = momentum * mean![i]! + fresh;
      direction![i] = momentum * mean![i]! + fresh;
    }
  },
};

/** Keeps a matrix of zeros what it is. */
const leastNorm = 1e-7;

/** x (any shape), squares [1] (Σ x²) → x / (sqrt(squares) + 10⁻⁷), of Frobenius norm 1; zeros stay zeros. */
export const normalize: KernelSpec = {
  name: 'normalize',
  infer(inputs) {
    expectInputs('normalize', inputs, 2);
    const [x, squares] = inputs;
    expectElement('normalize', 'x', x!, 'f32');
    expectOneElement('normalize', 'sum of squares', squares!);
    return [tensorType(f32, ...x!.shape)];
  },
  cost: ([x]) => ({ flops: elementCount(x!), bytes: 2 * byteLength(x!) }),
  reference({ inputs: [x, squares], outputs: [y] }) {
    const norm = Math.sqrt(squares![0]!) + leastNorm;
    for (let i = 0; i < x!.length; i++) y![i] = x![i]! / norm;
  },
};

/** x [m, n] → xᵀ [n, m]. Without a gradient: for steps. */
export const transpose: KernelSpec = {
  name: 'transpose',
  infer(inputs) {
    const [rows, columns] = matrixShape('transpose', inputs);
    return [tensorType(f32, columns, rows)];
  },
  cost: ([x]) => ({ flops: 0, bytes: 2 * byteLength(x!) }),
  reference({ inputs: [x], outputs: [y], inputTypes: [type] }) {
    const [rows, columns] = type!.shape as [number, number];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) y![column * rows + row] = x![row * columns + column]!;
    }
  },
};

/**
 * x [m, n] → x·xᵀ [m, m], summed over n ascending. Symmetric to the bit, at little more than half of what `linear` would
 * compute. Without a gradient: for steps.
 */
export const gram: KernelSpec = {
  name: 'gram',
  infer(inputs) {
    const [rows] = matrixShape('gram', inputs);
    return [tensorType(f32, rows, rows)];
  },
  cost: ([x]) => ({
    flops: (rowCount(x!) + 1) * elementCount(x!),
    bytes: byteLength(x!) + 4 * rowCount(x!) ** 2,
  }),
  reference({ inputs: [x], outputs: [y], inputTypes: [type] }) {
    const [rows, columns] = type!.shape as [number, number];
    for (let a = 0; a < rows; a++) {
      for (let b = 0; b <= a; b++) {
        let sum = 0;
        for (let i = 0; i < columns; i++) sum += x![a * columns + i]! * x![b * columns + i]!;
        y![a * rows + b] = sum;
        y![b * rows + a] = sum;
      }
    }
  },
};

function matrixShape(where: string, inputs: readonly TensorType[]): readonly [number, number] {
  expectInputs(where, inputs, 1);
  const [x] = inputs;
  expectElement(where, 'x', x!, 'f32');
  const [rows, columns] = x!.shape;
  if (x!.shape.length === 2) return [rows!, columns!];
  throw new ShapeError({ where, expected: 'a matrix', got: describeType(x!) });
}

export interface NewtonSchulzParams {
  /** a, b, c: of the identity, of the matrix, and of its square. */
  readonly coefficients: readonly [number, number, number];
}

/**
 * The factor of a Newton-Schulz iteration: gram [n, n] (X·Xᵀ), square [n, n] (gram·gram) → [n, n].
 * a·I + b·gram + c·square; times X it is the quintic a·X + b·(X·Xᵀ)·X + c·(X·Xᵀ)²·X.
 */
export const newtonSchulz: KernelSpec<NewtonSchulzParams> = {
  name: 'newton_schulz',
  infer(inputs) {
    expectInputs('newton_schulz', inputs, 2);
    const [gram, square] = inputs;
    expectElement('newton_schulz', 'gram', gram!, 'f32');
    expectElement('newton_schulz', 'square', square!, 'f32');
    const [rows, columns] = gram!.shape;
    if (gram!.shape.length !== 2 || rows !== columns) {
      throw new ShapeError({ where: 'newton_schulz', expected: 'a gram [n, n]', got: describeType(gram!) });
    }
    expectSameShape('newton_schulz', 'gram and square', gram!, square!);
    return [tensorType(f32, ...gram!.shape)];
  },
  cost: ([gram]) => ({ flops: 3 * elementCount(gram!), bytes: 3 * byteLength(gram!) }),
  reference({ inputs: [gram, square], outputs: [factor], inputTypes: [type], params }) {
    const [a, b, c] = params.coefficients;
    const size = type!.shape[0]!;
    for (let i = 0; i < gram!.length; i++) factor![i] = b * gram![i]! + c * square![i]!;
    for (let i = 0; i < size; i++) factor![i * (size + 1)] = factor![i * (size + 1)]! + a;
  },
};

export interface MuonUpdateParams {
  readonly learningRate: Value;
  /** Decoupled: the step takes learningRate · weightDecay of the parameter away, whatever its direction. */
  readonly weightDecay: Value;
  /** On the direction. */
  readonly factor: Value;
}

/** parameter (a state), direction of its shape.   parameter −= learningRate · (factor·direction + weightDecay·parameter) */
export const muonUpdate: KernelSpec<MuonUpdateParams> = {
  name: 'muon_update',
  updates: [0],
  infer(inputs) {
    expectInputs('muon_update', inputs, 2);
    expectStep('muon_update', ['parameter', 'direction'], inputs, undefined);
    return [];
  },
  cost: ([parameter]) => ({ flops: 5 * elementCount(parameter!), bytes: 3 * byteLength(parameter!) }),
  reference({ inputs: [parameter, direction], params, value }) {
    const learningRate = value(params.learningRate);
    const weightDecay = value(params.weightDecay);
    const factor = value(params.factor);
    for (let i = 0; i < parameter!.length; i++) {
      parameter![i] = parameter![i]! - learningRate * (factor * direction![i]! + weightDecay * parameter![i]!);
    }
  },
};
