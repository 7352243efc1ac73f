/** Scores, and what a model must refuse. */
import type { GenerateRequest } from '@yoco-u/spec';
import { expectEqual, expectError, expectThat } from './expectations.ts';
import { drain, generateAll, promptIds } from './generation.ts';
import { greedy, type Subject } from './language-model-subject.ts';
import { expectClose, expectSameBits } from './numbers.ts';
import type { CheckOf } from './suite.ts';

/** Vocabularies up to this are scored as a whole. */
const wholeVocabulary = 1024;

export const scoreChecks: readonly CheckOf<Subject>[] = [
  [
    'ids from any place on, alike',
    async ({ model, prompt }) => {
      const ids = promptIds(model, `${prompt} ${prompt}`).slice(0, model.contextLength);
      const all = await model.score(ids, 1);
      expectEqual('length', all.length, ids.length - 1);
      expectThat(
        all.every((loss) => loss >= 0 && Number.isFinite(loss)),
        'losses',
        'finite numbers ≥ 0',
        all.join(', '),
      );
      for (const from of [2, ids.length - 1]) {
        expectClose(`from ${from}`, await model.score(ids, from), all.slice(from - 1), 1e-4);
      }
      const begun = ids.slice(0, ids.length >> 1);
      expectClose('a beginning', await model.score(begun, 1), all.slice(0, begun.length - 1), 1e-4);
      expectSameBits('again', await model.score(Int32Array.from(ids), 1), all);
    },
  ],
  [
    'as many ids as the context holds',
    async ({ model, prompt }) => {
      const many = promptIds(model, prompt.repeat(model.contextLength)).slice(0, model.contextLength);
      expectEqual('losses', (await model.score(many, 1)).length, many.length - 1);
    },
  ],
  [
    'a distribution whose best id is the greedy one',
    async ({ model, prompt }) => {
      const { ids } = await generateAll(model, { prompt, maxTokens: 2, sampling: greedy, ignoreEos: true });
      const before = [...promptIds(model, prompt), ids[0]!];
      const [chosen] = await model.score([...before, ids[1]!], before.length);
      let total = 0;
      const some = Math.min(model.vocabularySize, wholeVocabulary);
      for (let id = 0; id < some; id++) {
        const [loss] = await model.score([...before, id], before.length);
        total += Math.exp(-loss!);
        // ids that the tokenizer does not know are padding, never chosen
        const better = id < model.tokenizer.vocabularySize && loss! < chosen! - 1e-4;
        expectThat(!better, `loss of id ${id}`, `no less than the ${chosen} of the greedy id`, loss);
      }
      const sums = some === model.vocabularySize ? Math.abs(total - 1) < 1e-3 : total < 1.001;
      expectThat(sums, 'the sum of probabilities', '1', total);
    },
  ],
];

export const errorChecks: readonly CheckOf<Subject>[] = [
  [
    'prompts that it cannot go on from',
    async ({ model, prompt }) => {
      const rest = { maxTokens: 2, sampling: greedy };
      await expectError('a prompt of no ids', 'request', () => drain(model, { prompt: [], ...rest }));
      if (model.bosTokenId === undefined)
        await expectError('an empty text', 'request', () => drain(model, { prompt: '', ...rest }));
      else await generateAll(model, { prompt: '', ...rest });
      const long = new Array<number>(model.contextLength + 1).fill(promptIds(model, prompt)[0]!);
      await expectError(
        'a prompt too long',
        'capacity',
        () => drain(model, { prompt: long, ...rest }),
        `${model.contextLength}`,
      );
      for (const id of [-1, model.vocabularySize, 0.5, Number.NaN]) {
        const ids = [...promptIds(model, prompt), id];
        await expectError(`a prompt with id ${id}`, 'request', () => drain(model, { prompt: ids, ...rest }));
      }
      await generateAll(model, { prompt, ...rest });
    },
  ],
  [
    'settings that mean nothing',
    async ({ model, prompt }) => {
      const wrong: readonly Omit<GenerateRequest, 'prompt'>[] = [
        ...[-1, 1.5, Number.NaN].map((maxTokens) => ({ maxTokens })),
        ...[-1, Number.NaN, Number.POSITIVE_INFINITY].map((temperature) => ({ sampling: { temperature } })),
        ...[-1, 1.5].map((topK) => ({ sampling: { topK } })),
        ...[-0.1, 1.1, Number.NaN].flatMap((p) => [{ sampling: { topP: p } }, { sampling: { minP: p } }]),
        ...[0, -1, Number.NaN].map((repetitionPenalty) => ({ sampling: { repetitionPenalty } })),
        { sampling: { seed: 0.5 } },
        ...[Number.NaN, Number.POSITIVE_INFINITY].flatMap((penalty) => [
          { sampling: { frequencyPenalty: penalty } },
          { sampling: { presencePenalty: penalty } },
          { sampling: { logitBias: { 1: penalty } } },
          { priority: penalty },
        ]),
        ...[-1, 0.5, model.vocabularySize].map((id) => ({ sampling: { logitBias: { [id]: 1 } } })),
        ...[-1, 21, 1.5, Number.NaN].map((logProbabilities) => ({ logProbabilities })),
        ...[-1, 21, 1.5, Number.NaN].map((promptLogProbabilities) => ({ promptLogProbabilities })),
        ...[-1, 21, 1.5, Number.NaN].map((choices) => ({ choices })),
        { stop: [''] },
        ...[0, -1, 1.5, Number.NaN].map((iterations) => ({ iterations })),
      ];
      for (const settings of wrong) {
        const action = () => drain(model, { prompt, maxTokens: 1, ...settings });
        await expectError(JSON.stringify(settings), ['request', 'config'], action);
      }
      await generateAll(model, { prompt, maxTokens: 1, sampling: greedy });
    },
  ],
  [
    'scores that it cannot give',
    async ({ model, prompt }) => {
      const ids = promptIds(model, `${prompt} ${prompt}`).slice(0, 9);
      for (const from of [0, -1, ids.length, 1.5, Number.NaN]) {
        await expectError(`from ${from}`, 'request', () => model.score(ids, from));
      }
      await expectError('no ids', 'request', () => model.score([], 1));
      const long = new Array<number>(model.contextLength + 2).fill(ids[0]!);
      await expectError('too many ids', 'capacity', () => model.score(long, 1));
      for (const id of [-1, model.vocabularySize, 0.5, Number.NaN]) {
        for (const place of [0, 4, ids.length - 1]) {
          const broken = ids.map((known, at) => (at === place ? id : known));
          await expectError(`id ${id} at ${place} of ${ids.length}`, 'request', () => model.score(broken, 1));
        }
      }
      await model.score(ids, 1);
    },
  ],
  [
    'everything once disposed, and bears being disposed twice',
    async ({ create, prompt }) => {
      const model = await create();
      await generateAll(model, { prompt, maxTokens: 1 });
      await model[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
      await expectError('generate', 'disposed', () => drain(model, { prompt, maxTokens: 1 }));
      await expectError('score', 'disposed', () => model.score(promptIds(model, prompt), 1));
    },
  ],
];
