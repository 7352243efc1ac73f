/** The distribution of the next token after some ids, asked for when it is looked at. */
import type { AlternativeToken, Choice, LanguageModel, SamplingSettings } from '@yoco-u/spec';
import { shownChoices } from './continuation.svelte.ts';

export interface NextToken {
  /** Likeliest first, by the model. */
  readonly alternatives: readonly AlternativeToken[];
  /** Likeliest first, after the sampling settings. */
  readonly choices: readonly Choice[];
}

export interface NextTokenRequest {
  /** What it is about: an answer to another key is not shown. */
  readonly key: string;
  readonly ids: readonly number[];
  readonly iterations: number;
  readonly sampling: SamplingSettings;
}

/** Milliseconds of rest before a question: sliders move and prompts are typed. */
const rest = 150;

/** Follows what `request` gives, undefined for nothing to ask. To be called while a component starts. */
export function followNextToken(
  model: () => LanguageModel,
  request: () => NextTokenRequest | undefined,
): { readonly current: NextToken | undefined } {
  let answer = $state.raw<NextToken & { readonly key: string }>();
  $effect(() => {
    const asked = request();
    const own = model();
    if (asked === undefined) return;
    const controller = new AbortController();
    const timer = setTimeout(() => void ask(own, asked, controller.signal), rest);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  });
  const ask = async (own: LanguageModel, asked: NextTokenRequest, signal: AbortSignal): Promise<void> => {
    try {
      const parts = own.generate({
        prompt: asked.ids,
        maxTokens: 1,
        iterations: asked.iterations,
        sampling: asked.sampling,
        logProbabilities: shownChoices,
        choices: shownChoices,
        ignoreEos: true,
        signal,
      });
      for await (const part of parts) {
        if (part.type !== 'token' || signal.aborted) continue;
        answer = { key: asked.key, alternatives: part.alternatives ?? [], choices: part.choices ?? [] };
      }
    } catch {
      // settings or a prompt that writing would refuse, too, and says why
      if (!signal.aborted) answer = undefined;
    }
  };
  return {
    get current() {
      return answer !== undefined && answer.key === request()?.key ? answer : undefined;
    },
  };
}
