export { type AttentionSuiteOptions, attentionSuites } from './attention-suite.ts';
export { backendSuites } from './backend-suite.ts';
export { baseKernelCases } from './base-kernel-cases.ts';
export { ConformanceError } from './expectations.ts';
export type { AnyKernelCase, CaseInput, CaseScalar, KernelCase, KernelWithCases } from './kernel-case.ts';
export { type BackendChoice, type KernelSuiteOptions, kernelSuites } from './kernel-suite.ts';
export { type LanguageModelSuiteOptions, languageModelSuites } from './language-model-suite.ts';
export { type Check, type Fault, findFaults, type Suite } from './suite.ts';
