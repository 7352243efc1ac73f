/** Language models: what apps may rely on. */
import type { LanguageModel } from '@yoco-u/spec';
import { expectEqual, expectThat } from './expectations.ts';
import { type Generation, generateAll, promptIds, textAfter } from './generation.ts';
import { crowdChecks } from './language-model-crowd.ts';
import { distributionChecks } from './language-model-distribution.ts';
import { finishChecks } from './language-model-endings.ts';
import { errorChecks, scoreChecks } from './language-model-scores.ts';
import { expectSame, greedy, type LanguageModelSuiteOptions, lively, type Subject } from './language-model-subject.ts';
import { expectSameBits } from './numbers.ts';
import { type CheckOf, createSuite, type Suite } from './suite.ts';

export type { LanguageModelSuiteOptions };

/** The suites of `describeLanguageModel`, for use without vitest. */
export function languageModelSuites(
  name: string,
  create: () => LanguageModel | Promise<LanguageModel>,
  { prompt = 'Once upon a time', ending }: LanguageModelSuiteOptions = {},
): readonly Suite[] {
  const subject = async (): Promise<Subject> => {
    const model = await create();
    const fresh = async () => create();
    return { model, prompt, ending, create: fresh, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() };
  };
  return [
    createSuite(`language model ${name} generates`, subject, generateChecks),
    createSuite(`language model ${name} serves many`, subject, crowdChecks),
    createSuite(`language model ${name} ends`, subject, finishChecks),
    createSuite(`language model ${name} scores`, subject, scoreChecks),
    createSuite(`language model ${name} tells and biases`, subject, distributionChecks),
    createSuite(`language model ${name} refuses`, subject, errorChecks),
  ];
}

const generateChecks: readonly CheckOf<Subject>[] = [
  [
    'what it says it is',
    ({ model }) => {
      expectEqual('specVersion', model.specVersion, 1);
      expectThat(model.id !== '', 'id', 'a name', "''");
      for (const [what, size] of Object.entries({
        contextLength: model.contextLength,
        vocabularySize: model.vocabularySize,
      })) {
        expectThat(Number.isInteger(size) && size > 0, what, 'an integer > 0', size);
      }
      const { vocabularySize } = model.tokenizer;
      const fits = vocabularySize <= model.vocabularySize;
      expectThat(fits, 'tokenizer.vocabularySize', `at most ${model.vocabularySize}`, vocabularySize);
    },
  ],
  [
    'exactly as many tokens as asked for, and counts them',
    async ({ model, prompt }) => {
      const promptTokens = promptIds(model, prompt).length;
      let cacheBytes = 0;
      for (const maxTokens of [0, 1, 2, 9]) {
        const { ids, text, finish } = await generateAll(model, {
          prompt,
          maxTokens,
          sampling: greedy,
          ignoreEos: true,
        });
        const where = `maxTokens ${maxTokens}`;
        expectEqual(`${where}: ids`, ids.length, maxTokens);
        expectEqual(`${where}: reason`, finish.reason, 'length');
        expectEqual(`${where}: promptTokens`, finish.usage.promptTokens, promptTokens);
        expectThat(text !== '' || maxTokens < 9, where, 'some text', "''");
        const grows = finish.usage.cacheBytes >= cacheBytes;
        expectThat(
          grows,
          `${where}: cacheBytes`,
          `at least the ${cacheBytes} of fewer tokens`,
          finish.usage.cacheBytes,
        );
        cacheBytes = finish.usage.cacheBytes;
        for (const [what, value] of Object.entries(finish.timings)) {
          expectThat(value >= 0, `${where}: timings.${what}`, 'a number ≥ 0', value);
        }
      }
    },
  ],
  [
    'deltas that make up the text of the ids',
    async ({ model, prompt }) => {
      for (const sampling of [greedy, lively, { ...lively, seed: 12, topK: 40 }]) {
        const { ids, text } = await generateAll(model, { prompt, maxTokens: 40, sampling, ignoreEos: true });
        expectEqual('text', text, textAfter(model, promptIds(model, prompt), ids));
      }
    },
  ],
  [
    'the same for the same seed, and always the same when greedy',
    async ({ model, prompt, create }) => {
      await using another = await create();
      for (const sampling of [greedy, lively, { ...lively, topP: 0.9, topK: 50, minP: 0.01, repetitionPenalty: 1.1 }]) {
        const request = { prompt, maxTokens: 20, sampling, ignoreEos: true };
        const first = await generateAll(model, request);
        expectSame('again', await generateAll(model, request), first);
        expectSame('on another instance', await generateAll(another, request), first);
      }
    },
  ],
  [
    'the same for a text and for its ids',
    async ({ model, prompt }) => {
      const rest = { maxTokens: 12, sampling: lively, ignoreEos: true };
      const ids = promptIds(model, prompt);
      const text = await generateAll(model, { prompt, ...rest });
      expectSame('ids', await generateAll(model, { prompt: ids, ...rest }), text);
      expectSame('an Int32Array', await generateAll(model, { prompt: Int32Array.from(ids), ...rest }), text);
    },
  ],
  [
    'the same from a prompt and from a prompt that it went on from itself',
    async ({ model, prompt }) => {
      const rest = { sampling: greedy, ignoreEos: true };
      const whole = await generateAll(model, { prompt, maxTokens: 20, ...rest });
      const begun = [...promptIds(model, prompt), ...whole.ids.slice(0, 11)];
      const continued = await generateAll(model, { prompt: begun, maxTokens: 9, ...rest });
      expectEqual('ids', continued.ids, whole.ids.slice(11));
    },
  ],
  [
    'the same alone and beside others',
    async ({ model, prompt }) => {
      const requests = [
        { prompt, maxTokens: 15, sampling: lively, ignoreEos: true },
        { prompt: `${prompt} ${prompt}`, maxTokens: 12, sampling: greedy, ignoreEos: true },
        { prompt: prompt.slice(0, 1), maxTokens: 17, sampling: { ...lively, seed: 3 }, ignoreEos: true },
      ];
      const alone: Generation[] = [];
      for (const request of requests) alone.push(await generateAll(model, request));
      const ids = promptIds(model, prompt);
      const loss = ids.length > 1 ? await model.score(ids, 1) : undefined;
      const [scored, ...together] = await Promise.all([
        ids.length > 1 ? model.score(ids, 1) : undefined,
        ...requests.map((request) => generateAll(model, request)),
      ]);
      for (const [index, generation] of together.entries()) expectSame(`request ${index}`, generation, alone[index]!);
      if (loss !== undefined) expectSameBits('a score beside generations', scored!, loss);
    },
  ],
  [
    'progress of the prefill, up to the whole prompt',
    async ({ model, prompt }) => {
      const seen: [number, number][] = [];
      const ids = promptIds(model, prompt.repeat(4)).slice(0, model.contextLength - 1);
      await generateAll(model, { prompt: ids, maxTokens: 1, onPrefill: (done, total) => seen.push([done, total]) });
      expectThat(seen.length > 0, 'onPrefill', 'a call at least', 'none');
      seen.forEach(([done, total], index) => {
        expectEqual('onPrefill: total', total, ids.length);
        expectThat(done > (seen[index - 1]?.[0] ?? 0), 'onPrefill: done', 'a growing count', done);
      });
      expectEqual('onPrefill: the last count', seen.at(-1)![0], ids.length);
    },
  ],
];
