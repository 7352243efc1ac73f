/** The WebGPU backend in Node: every kernel, in a part of the cases, since software adapters are slow. */
import { createWebGpuBackend } from '@yoco-u/backend-webgpu';
import { baseKernelCases, describeBackend, describeKernel } from '@yoco-u/conformance';
import { webGpuBackends } from './backends.ts';

/** Widths repeat every seven cases: five has all of them with some row count. */
const everyCase = 5;

const backends = webGpuBackends();
describeBackend('webgpu', () => createWebGpuBackend());

for (const { kernel, cases } of baseKernelCases) {
  const some = cases.filter((_, index) => index % everyCase === 0 || index === cases.length - 1);
  describeKernel(kernel, { cases: some, backends });
}
