import { BackendError, type KernelSpec } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { createGraph } from '../graph.ts';
import { f32, tensorType } from '../shape.ts';
import { createReferenceBackend } from './index.ts';

const broken: KernelSpec<object> = {
  name: 'attention.mine',
  infer: ([x]) => [x!],
  cost: () => ({ flops: 0, bytes: 0 }),
  reference({ inputs: [, missing] }) {
    missing!.fill(0);
  },
};
const type = tensorType(f32, 3);
const record = () => {
  const graph = createGraph();
  return graph.build({ y: graph.call(broken, [graph.declare('input', 'x', type)], {})[0]! });
};

describe('the reference backend', () => {
  test('names the call of a definition that throws, and keeps the cause', async () => {
    await using backend = createReferenceBackend({ kernels: [broken] });
    using executable = await backend.compile(record());
    using binding = executable.bind({ x: backend.allocate(type), y: backend.allocate(type) });
    let caught: unknown;
    try {
      binding.run();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(BackendError);
    const { message, cause } = caught as BackendError;
    expect(message).toMatch(
      /^run: call 0 \(attention.mine\): expected a reference that returns, got TypeError: .*fill/,
    );
    expect(cause).toBeInstanceOf(TypeError);
  });

  test('says where a kernel that it lacks is to be listed', async () => {
    await using backend = createReferenceBackend();
    const message = "attention.mine: expected a kernel of this name, got none; list it in the variant's kernels";
    await expect(backend.compile(record())).rejects.toThrow(message);
    const call = { kernel: broken.name, inputs: [type], outputs: [type], params: {} };
    expect(backend.supports(call)).toContain("no kernel 'attention.mine'; list it in the variant's kernels");
  });
});
