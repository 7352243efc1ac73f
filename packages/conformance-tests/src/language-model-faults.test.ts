import { findFaults, languageModelSuites } from '@yoco-u/conformance';
import type { GeneratePart, GenerateRequest, LanguageModel } from '@yoco-u/spec';
import { createReferenceBackend } from '@yoco-u/tensor/reference';
import { describe, expect, test } from 'vitest';
import { createRandomModel, variantKernels } from './random-model.ts';

const stages = [{ type: 'self', layers: 1, attention: 'full', rope: true }];

/** Names of the checks that fail for a sound model of which something was replaced. */
async function faultsOf(change: (sound: LanguageModel) => Partial<LanguageModel>): Promise<string[]> {
  const create = async (): Promise<LanguageModel> => {
    const backend = createReferenceBackend({ precision: 32, kernels: variantKernels.reference ?? [] });
    const sound = await createRandomModel(backend, { stages, sequences: 1 });
    return { ...sound, ...change(sound) };
  };
  return (await findFaults(languageModelSuites('model', create))).map(({ check }) => check);
}

/** A model that is asked something else than what it was asked. */
const asking = (change: (request: GenerateRequest) => GenerateRequest) => (sound: LanguageModel) => ({
  generate: (request: GenerateRequest) => sound.generate(change(request)),
});

/** A model whose parts are changed on the way. */
const telling = (change: (part: GeneratePart) => readonly GeneratePart[]) => (sound: LanguageModel) => ({
  async *generate(request: GenerateRequest): AsyncGenerator<GeneratePart> {
    for await (const part of sound.generate(request)) yield* change(part);
  },
});

describe('language model suites find', () => {
  const broken: readonly (readonly [string, (sound: LanguageModel) => Partial<LanguageModel>, string])[] = [
    [
      'a token too many',
      asking((request) => ({ ...request, maxTokens: (request.maxTokens ?? 80) + 1 })),
      'exactly as many tokens as asked for, and counts them',
    ],
    [
      'text that is lost',
      telling((part) => (part.type === 'text' ? [{ ...part, text: part.text.slice(0, 1) }] : [part])),
      'deltas that make up the text of the ids',
    ],
    ['empty text', telling((part) => [part, { type: 'text', text: '' }]), 'deltas that make up the text of the ids'],
    ['two ends', telling((part) => (part.type === 'finish' ? [part, part] : [part])), 'where the context ends'],
    ['no end', telling((part) => (part.type === 'finish' ? [] : [part])), 'where the context ends'],
    [
      'a wrong count',
      telling((part) =>
        part.type === 'finish'
          ? [{ ...part, usage: { ...part.usage, promptTokens: part.usage.promptTokens + 1 } }]
          : [part],
      ),
      'exactly as many tokens as asked for, and counts them',
    ],
    [
      'a seed that is ignored',
      asking(({ sampling: { seed: _, ...sampling } = {}, ...request }) => ({ ...request, sampling })),
      'the same for the same seed, and always the same when greedy',
    ],
    [
      'stop strings that are ignored',
      asking(({ stop: _, ...request }) => request),
      'before a stop string that spans tokens, without showing it',
    ],
    [
      'aborts that are ignored',
      asking(({ signal: _, ...request }) => request),
      'when aborted: before, during and never again',
    ],
    [
      'progress that is not told',
      asking(({ onPrefill: _, ...request }) => request),
      'progress of the prefill, up to the whole prompt',
    ],
    [
      'losses that are off',
      (sound) => ({ score: async (...given) => (await sound.score(...given)).map((loss) => loss + 0.1) }),
      'a distribution whose best id is the greedy one',
    ],
    [
      'log-probabilities of the settings',
      telling((part) =>
        part.type === 'token' && part.logProbability !== undefined
          ? [{ ...part, logProbability: part.logProbability / 1.7 }]
          : [part],
      ),
      'log-probabilities of the model itself, whatever the sampling settings',
    ],
    [
      'a bias that is not read',
      asking(({ sampling: { logitBias: _, ...sampling } = {}, ...request }) => ({ ...request, sampling })),
      'what a bias forces, and not what it rules out',
    ],
    [
      'penalties that are not read',
      asking(({ sampling: { presencePenalty: _, ...sampling } = {}, ...request }) => ({ ...request, sampling })),
      'no id twice under penalties that outweigh every logit',
    ],
    [
      'losses of other places',
      (sound) => ({ score: async (ids, from) => (await sound.score(ids, 1)).slice(0, ids.length - from) }),
      'ids from any place on, alike',
    ],
    [
      'ids cut to fit',
      asking((request) => ({
        ...request,
        prompt: typeof request.prompt === 'string' ? request.prompt : Array.from(request.prompt).slice(-90),
      })),
      'prompts that it cannot go on from',
    ],
    ['settings that are not read', asking(({ iterations: _, ...request }) => request), 'settings that mean nothing'],
    [
      'life after dispose',
      () => ({ [Symbol.asyncDispose]: async () => {} }),
      'everything once disposed, and bears being disposed twice',
    ],
  ];

  test.each(broken)('%s', async (_, change, check) => {
    expect(await faultsOf(change)).toContain(check);
  });

  test('nothing wrong with a sound model', async () => {
    expect(await faultsOf(() => ({}))).toEqual([]);
  });
});
