/** What the checks of language models share. */
import type { GenerateRequest, LanguageModel } from '@yoco-u/spec';
import { expectEqual } from './expectations.ts';
import type { Generation } from './generation.ts';

export interface LanguageModelSuiteOptions {
  /** A text to go on from. */
  readonly prompt?: string;
  /** A request that ends at an end-of-sequence id before its `maxTokens`; without one, that is not checked. */
  readonly ending?: GenerateRequest & { readonly maxTokens: number };
}

export interface Subject extends AsyncDisposable {
  readonly model: LanguageModel;
  readonly prompt: string;
  readonly ending: LanguageModelSuiteOptions['ending'];
  /** Makes another model of the kind. */
  readonly create: () => Promise<LanguageModel>;
}

export const greedy = { temperature: 0 } as const;
export const lively = { temperature: 1, seed: 11 } as const;

export const expectSame = (where: string, got: Generation, expected: Generation): void => {
  expectEqual(`${where}: ids`, got.ids, expected.ids);
  expectEqual(`${where}: text`, got.text, expected.text);
  expectEqual(`${where}: finish reason`, got.finish.reason, expected.finish.reason);
};
