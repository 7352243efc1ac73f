/** The published suites, on the CPU: definitions, gradients, and every way to feed a sequence. */
import { describeAttentionVariant, describeKernel } from '@yoco-u/conformance';
import { contexts, kernelCases } from './cases.ts';
import { hostBackends } from './testing.ts';
import { alibiAttention } from './variant.ts';

for (const { kernel, cases } of kernelCases) describeKernel(kernel, { cases, backends: hostBackends });

describeAttentionVariant(alibiAttention, { contexts, backends: hostBackends, exactBits: true });
