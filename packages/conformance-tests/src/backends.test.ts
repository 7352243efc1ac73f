import { baseKernelCases, describeBackend, describeKernel } from '@yoco-u/conformance';
import { expect, test } from 'vitest';
import { deviceBackends } from './backends.ts';

for (const { name, create } of deviceBackends()) {
  describeBackend(name, create);

  test(`${name} runs every base kernel`, async () => {
    await using backend = await create();
    const absent = baseKernelCases.filter(({ kernel, cases: [first] }) => {
      if (kernel.expand !== undefined) return false;
      const inputs = first!.inputs.map(({ type }) => type);
      const values = Object.entries(first!.scalars ?? {}).map(([scalar, { value }]) => [scalar, value]);
      const params: object = first!.params(Object.fromEntries(values));
      const outputs = kernel.infer(inputs, params);
      return backend.supports({ kernel: kernel.name, inputs, outputs, params }) !== true;
    });
    expect(absent.map(({ kernel }) => kernel.name)).toEqual([]);
  });
}

for (const { kernel, cases } of baseKernelCases) {
  describeKernel(kernel, { cases, backends: deviceBackends() });
}
