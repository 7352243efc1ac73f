import type { AnyKernel, Backend, ReferenceCall } from '@yoco-u/spec';
import { add, baseKernels, linear, scale } from '@yoco-u/tensor';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { baseKernelCases } from './base-kernel-cases.ts';
import { describeKernel } from './describe.ts';
import { type BackendChoice, kernelSuites } from './kernel-suite.ts';
import { findFaults } from './suite.ts';

const reference = (precision: 32 | 64): BackendChoice => ({
  name: `reference, float${precision}`,
  create: () => createReferenceBackend({ precision }),
});

for (const { kernel, cases } of baseKernelCases) {
  describeKernel(kernel, { cases, backends: [reference(64), reference(32)] });
}

test('every base kernel has cases', () => {
  const covered = baseKernelCases.filter(({ cases }) => cases.length > 2).map(({ kernel }) => kernel);
  expect(baseKernels.filter((kernel) => !covered.includes(kernel)).map(({ name }) => name)).toEqual([]);
});

/** A backend whose kernel of this name does something else after (or instead of) what it should. */
function brokenBackend(kernel: AnyKernel, reference: (call: ReferenceCall<never>) => void): BackendChoice {
  const broken: AnyKernel = { ...kernel, name: 'broken', reference };
  return {
    name: 'broken',
    create(): Backend {
      const inner = createReferenceBackend({ precision: 32, kernels: [broken] });
      return {
        ...inner,
        compile: (program) => {
          const swap = (name: string) => (name === kernel.name ? 'broken' : name);
          return inner.compile({ ...program, calls: program.calls.map((c) => ({ ...c, kernel: swap(c.kernel) })) });
        },
      };
    },
  };
}

/** What is wrong with a kernel on the cases of a base kernel. */
async function messagesOf(
  kernel: AnyKernel,
  backends: readonly BackendChoice[],
  like: AnyKernel = kernel,
): Promise<string[]> {
  const { cases } = baseKernelCases.find((entry) => entry.kernel === like)!;
  const faults = await findFaults(kernelSuites(kernel, { cases, backends }));
  return faults.map(({ error }) => (error as Error).message);
}

describe('kernel suites find', () => {
  test('nothing wrong with a sound kernel', async () => {
    expect(await messagesOf(add, [reference(32)])).toEqual([]);
  });

  test('a wrong result on a backend', async () => {
    const backend = brokenBackend(add, (call) => {
      add.reference(call);
      const out = call.outputs[0]!;
      if (out.length > 0) out[0] = out[0]! * 1.001;
    });
    expect(await messagesOf(add, [backend])).toContainEqual(expect.stringContaining('add: output 0[0]: expected'));
  });

  test('writes beyond the rows of a run', async () => {
    const backend = brokenBackend(add, (call) => {
      add.reference({ ...call, params: {} });
    });
    expect(await messagesOf(add, [backend])).toContainEqual(
      expect.stringContaining('not in use: expected 12345.5, as before'),
    );
  });

  test('results that depend on rows beyond', async () => {
    const backend = brokenBackend(scale, (call) => {
      scale.reference(call);
      const last = call.inputs[0]!.at(-1)!;
      if (Number.isNaN(last)) call.outputs[0]![0] = 0;
    });
    expect(await messagesOf(scale, [backend])).toContainEqual(expect.stringContaining('with NaN beyond'));
  });

  test('bits that change from run to run', async () => {
    let runs = 0;
    const backend = brokenBackend(scale, (call) => {
      scale.reference(call);
      call.outputs[0]![0] = call.outputs[0]![0]! * (1 + 2 ** -22 * (runs++ % 2));
    });
    expect(await messagesOf(scale, [backend])).toContainEqual(expect.stringContaining('run again'));
  });

  test('a row of linear whose bits depend on how many rows there are', async () => {
    const backend = brokenBackend(linear, (call: ReferenceCall<object>) => {
      linear.reference(call);
      if (call.inputTypes[0]!.shape[0] !== 1) return;
      call.outputs[0]!.forEach((value, i, all) => {
        all[i] = value * (1 + 2 ** -22);
      });
    });
    expect(await messagesOf(linear, [backend])).toContainEqual(
      expect.stringMatching(/linear: row \d+ of \d+ in a program of one row/),
    );
  });

  test('a scalar that is read once and for all', async () => {
    const backend = brokenBackend(scale, (call) => {
      const { rows } = call.params as { rows?: unknown };
      scale.reference({ ...call, params: { rows: rows as number, factor: typeof rows === 'number' ? 2 : -0.75 } });
    });
    expect(await messagesOf(scale, [backend])).toContainEqual(expect.stringContaining('with constants for scalars'));
  });

  test('a call that a backend does not support', async () => {
    const backend = { name: 'none', create: () => ({ ...createReferenceBackend(), supports: () => 'not today' }) };
    expect(await messagesOf(add, [backend])).toContainEqual(
      expect.stringContaining('add: supports: expected true, got not today'),
    );
  });

  test('a definition that reads beyond its rows, and one that changes an input', async () => {
    const reading: AnyKernel = { ...add, reference: (call) => add.reference({ ...call, params: {} }) };
    expect(await messagesOf(reading, [], add)).toContainEqual(expect.stringContaining('with NaN beyond'));
    const changing: AnyKernel = {
      ...add,
      reference(call) {
        add.reference(call);
        call.inputs[0]!.fill(0);
      },
    };
    expect(await messagesOf(changing, [], add)).toContainEqual(expect.stringContaining('which it may not change'));
  });

  test('a wrong gradient, and a missing one', async () => {
    const wrong: AnyKernel = {
      ...add,
      name: 'test_add',
      backward: (graph, _call, [gradient]) => [gradient, graph.call(scale, [gradient!], { factor: 0.5 })[0]],
    };
    expect(await messagesOf(wrong, [], add)).toContainEqual(
      expect.stringContaining('gradient of input 1[0]: expected'),
    );
    const missing: AnyKernel = { ...add, name: 'test_add', backward: (_graph, _call, [gradient]) => [gradient] };
    expect(await messagesOf(missing, [], add)).toContainEqual(
      expect.stringContaining('test_add: gradient of input 1: expected a tensor, got none'),
    );
  });

  test('a cost that is not a number, and inputs that are not checked', async () => {
    const costly: AnyKernel = { ...add, cost: () => ({ flops: Number.NaN, bytes: 0 }) };
    expect(await messagesOf(costly, [], add)).toContainEqual(expect.stringContaining('cost.flops'));
    const trusting: AnyKernel = { ...add, infer: ([a]) => [a!] };
    expect(await messagesOf(trusting, [], add)).toContainEqual(expect.stringContaining('add without inputs'));
  });
});
