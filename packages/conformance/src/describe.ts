/** The suites as vitest tests. */
import type { AnyAttentionVariant, AnyKernel, Backend, LanguageModel } from '@yoco-u/spec';
import { afterAll, describe, test } from 'vitest';
import { type AttentionSuiteOptions, attentionSuites } from './attention-suite.ts';
import { backendSuites } from './backend-suite.ts';
import { type KernelSuiteOptions, kernelSuites } from './kernel-suite.ts';
import { type LanguageModelSuiteOptions, languageModelSuites } from './language-model-suite.ts';
import type { Suite } from './suite.ts';

/** Tests of a kernel: its definition, its gradient where it has one, and each backend against the definition. */
export function describeKernel(kernel: AnyKernel, options: KernelSuiteOptions): void {
  register(kernelSuites(kernel, options));
}

/** Tests of the whole backend contract. `create` is called anew for every test; base kernels are all that is needed. */
export function describeBackend(name: string, create: () => Backend | Promise<Backend>): void {
  register(backendSuites(name, create));
}

/** Tests of a variant: what it declares, its config errors, and its numbers on every backend. */
export function describeAttentionVariant(variant: AnyAttentionVariant, options: AttentionSuiteOptions): void {
  register(attentionSuites(variant, options));
}

/**
 * Tests of the LanguageModel contract. `create` makes a model of a small context (up to some hundred tokens: it is filled
 * on the way) and of any vocabulary; weights may be random.
 */
export function describeLanguageModel(
  name: string,
  create: () => LanguageModel | Promise<LanguageModel>,
  options: LanguageModelSuiteOptions = {},
): void {
  register(languageModelSuites(name, create, options));
}

/** Registers a test a check. */
function register(suites: readonly Suite[]): void {
  for (const suite of suites) {
    describe(suite.name, () => {
      afterAll(() => suite.tearDown());
      for (const check of suite.checks) test(check.name, () => check.run());
    });
  }
}
