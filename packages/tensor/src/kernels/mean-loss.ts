import { type KernelSpec, ShapeError } from '@yoco-u/spec';
import { describeType, elementCount, f32, tensorType } from '../shape.ts';
import { expectElement, expectInputs, expectOneElement, type RowParams } from './checks.ts';

/** Rows that count: those in use whose target is not negative. */
function countTargets(targets: ArrayLike<number>, rows: number): number {
  let count = 0;
  for (let t = 0; t < rows; t++) if (targets[t]! >= 0) count++;
  return count;
}

/** Gradient of `mean_loss`: targets i32 [T], gradient [1] → [T].   gradient / count where the target counts, else 0 */
export const meanLossBackward: KernelSpec<RowParams> = {
  name: 'mean_loss_backward',
  infer(inputs) {
    expectInputs('mean_loss_backward', inputs, 2);
    const [targets, gradient] = inputs;
    expectElement('mean_loss_backward', 'targets', targets!, 'i32');
    expectOneElement('mean_loss_backward', 'gradient', gradient!);
    return [tensorType(f32, elementCount(targets!))];
  },
  cost: ([targets]) => ({ flops: elementCount(targets!), bytes: 8 * elementCount(targets!) }),
  reference({ inputs: [targets, gradient], outputs: [dlosses], inputTypes: [type], params, value }) {
    const T = value(params.rows ?? elementCount(type!));
    const count = countTargets(targets!, T);
    for (let t = 0; t < T; t++) dlosses![t] = targets![t]! < 0 ? 0 : gradient![0]! / count;
  },
};

/**
 * The training loss: losses [T], targets i32 [T] → [1].   The mean over rows whose target is not negative; 0 where there is
 * none. Rows are added in a fixed order.
 */
export const meanLoss: KernelSpec<RowParams> = {
  name: 'mean_loss',
  infer(inputs) {
    expectInputs('mean_loss', inputs, 2);
    const [losses, targets] = inputs;
    expectElement('mean_loss', 'losses', losses!, 'f32');
    expectElement('mean_loss', 'targets', targets!, 'i32');
    if (elementCount(losses!) !== elementCount(targets!)) {
      throw new ShapeError({
        where: 'mean_loss',
        expected: `targets [${elementCount(losses!)}], one a loss`,
        got: describeType(targets!),
      });
    }
    return [tensorType(f32, 1)];
  },
  cost: ([losses]) => ({ flops: elementCount(losses!), bytes: 8 * elementCount(losses!) }),
  reference({ inputs: [losses, targets], outputs: [mean], inputTypes: [type], params, value }) {
    const T = value(params.rows ?? elementCount(type!));
    const count = countTargets(targets!, T);
    let sum = 0;
    for (let t = 0; t < T; t++) if (targets![t]! >= 0) sum += losses![t]!;
    mean![0] = count === 0 ? 0 : sum / count;
  },
  backward(graph, { inputs: [, targets], params }, [gradient]) {
    return gradient === undefined ? [] : [graph.call(meanLossBackward, [targets!, gradient], params)[0]];
  },
};
