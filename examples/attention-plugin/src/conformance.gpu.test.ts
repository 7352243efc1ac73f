/** The published suites on WebGPU, which Node has from the npm package `webgpu` and a Vulkan driver. */
import { describeAttentionVariant, describeKernel } from '@yoco-u/conformance';
import { contexts, kernelCases } from './cases.ts';
import { gpuBackends } from './testing.ts';
import { alibiAttention } from './variant.ts';

for (const { kernel, cases } of kernelCases) describeKernel(kernel, { cases, backends: gpuBackends });

describeAttentionVariant(alibiAttention, { contexts, backends: gpuBackends });
