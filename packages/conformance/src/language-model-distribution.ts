/** Log-probabilities of tokens, and settings that change single ids' chances. */
import { expectEqual, expectThat } from './expectations.ts';
import { type Generation, generateAll, promptIds } from './generation.ts';
import { expectSame, greedy, lively, type Subject } from './language-model-subject.ts';
import { expectClose } from './numbers.ts';
import type { CheckOf } from './suite.ts';

export const distributionChecks: readonly CheckOf<Subject>[] = [
  [
    'log-probabilities of the model itself, whatever the sampling settings',
    async ({ model, prompt }) => {
      const before = promptIds(model, prompt);
      for (const sampling of [greedy, { ...lively, temperature: 1.7, topK: 30, repetitionPenalty: 1.3 }]) {
        const request = { prompt, maxTokens: 7, sampling, ignoreEos: true };
        const plain = await generateAll(model, request);
        const told = await generateAll(model, { ...request, logProbabilities: 5 });
        expectSame('with log-probabilities', told, plain);
        const losses = await model.score([...before, ...told.ids], before.length);
        const got = told.tokens.map(({ logProbability }) => -logProbability!);
        expectClose('−ln p of the tokens', Float64Array.from(got), losses, 1e-4);
      }
    },
  ],
  [
    'the same whether all logits are looked at or only the best',
    async ({ model, prompt }) => {
      const chains = [greedy, { topK: 1 }, { topK: 40, topP: 0.9, temperature: 1.3 }, { topK: 64 }, { topK: 65 }];
      const requests = chains.map((chain, index) => {
        const sampling = { ...lively, seed: index, ...chain };
        return { prompt: prompt.slice(index % 2), maxTokens: 4 + index, sampling, ignoreEos: true };
      });
      const told: Generation[] = [];
      for (const request of requests) told.push(await generateAll(model, { ...request, logProbabilities: 0 }));
      // side by side with one that looks at all logits
      const [beside, ...got] = await Promise.all(
        [{ ...requests[0]!, logProbabilities: 0 }, ...requests].map((request) => generateAll(model, request)),
      );
      expectSame('beside others', beside!, told[0]!);
      for (const [index, generation] of got.entries()) expectSame(`chain ${index}`, generation, told[index]!);
    },
  ],
  [
    'as many alternatives as asked for, likeliest first',
    async ({ model, prompt }) => {
      const request = { prompt, maxTokens: 4, sampling: greedy, ignoreEos: true };
      for (const count of [0, 1, 20]) {
        const { tokens } = await generateAll(model, { ...request, logProbabilities: count });
        for (const { id, logProbability, alternatives } of tokens) {
          expectEqual('alternatives', alternatives?.length, Math.min(count, model.tokenizer.vocabularySize));
          if (count === 0) continue;
          expectEqual('the likeliest alternative', alternatives![0], { id, logProbability });
          const values = alternatives!.map((alternative) => alternative.logProbability);
          const falling = values.every((value, index) => index === 0 || value <= values[index - 1]!);
          expectThat(falling, 'alternatives', 'falling log-probabilities', values.join(', '));
          const total = values.reduce((sum, value) => sum + Math.exp(value), 0);
          expectThat(total < 1.001, 'the probability of all alternatives', 'at most 1', total);
        }
      }
      const { tokens } = await generateAll(model, request);
      expectEqual('tokens when not asked', Object.keys(tokens[0]!), ['type', 'id']);
    },
  ],
  [
    'what a token was drawn from, after the settings',
    async ({ model, prompt }) => {
      const request = { prompt, maxTokens: 3, ignoreEos: true, logProbabilities: 20, choices: 20 };
      const plain = await generateAll(model, { ...request, sampling: { seed: 3 } });
      for (const { alternatives, choices } of plain.tokens) {
        const got = Float64Array.from(choices!, ({ probability }) => probability);
        // ids of padding have a share of the one and not of the other
        const shift = got[0]! / Math.exp(alternatives![0]!.logProbability);
        const expected = Float64Array.from(alternatives!, (one) => shift * Math.exp(one.logProbability));
        expectClose('without settings', got, expected, 1e-4);
      }
      const narrow = await generateAll(model, { ...request, sampling: { seed: 3, topK: 2, temperature: 0.5 } });
      for (const { id, choices } of narrow.tokens) {
        expectEqual('choices under top-k 2', choices!.length, 2);
        expectThat(
          choices!.some((one) => one.id === id),
          'the choices',
          `${id} among them`,
          choices,
        );
      }
      const [first] = (await generateAll(model, { ...request, sampling: greedy })).tokens;
      expectEqual('choices when greedy', first!.choices, [{ id: first!.id, probability: 1 }]);
    },
  ],
  [
    'log-probabilities of the prompt, but of its first token',
    async ({ model, prompt }) => {
      const ids = promptIds(model, `${prompt} ${prompt} ${prompt}`).slice(0, model.contextLength - 2);
      for (const maxTokens of [0, 2]) {
        const request = { prompt: ids, maxTokens, sampling: greedy, ignoreEos: true };
        const told = await generateAll(model, { ...request, promptLogProbabilities: 3 });
        expectSame('with log-probabilities', told, await generateAll(model, request));
        expectEqual(
          'ids',
          told.prompt?.tokens.map(({ id }) => id),
          ids,
        );
        const [first, ...rest] = told.prompt!.tokens;
        expectEqual('the first token', first, { id: ids[0] });
        const got = rest.map(({ logProbability }) => -logProbability!);
        expectClose('−ln p of the others', Float64Array.from(got), await model.score(ids, 1), 1e-4);
        for (const { alternatives } of rest) expectEqual('alternatives', alternatives?.length, 3);
      }
      const alone = await generateAll(model, { prompt: ids.slice(0, 1), maxTokens: 1, promptLogProbabilities: 0 });
      expectEqual('a prompt of one id', alone.prompt?.tokens, [{ id: ids[0] }]);
    },
  ],
  [
    'what a bias forces, and not what it rules out',
    async ({ model, prompt }) => {
      const request = { prompt, maxTokens: 5, ignoreEos: true };
      const free = await generateAll(model, { ...request, sampling: greedy });
      const forced = (free.ids[0]! + 1) % model.tokenizer.vocabularySize;
      for (const sampling of [greedy, lively]) {
        const { ids } = await generateAll(model, {
          ...request,
          sampling: { ...sampling, logitBias: { [forced]: 1000 } },
        });
        expectEqual('forced ids', ids, new Array(5).fill(forced));
      }
      const without = await generateAll(model, {
        ...request,
        sampling: { ...greedy, logitBias: { [free.ids[0]!]: -1000 } },
      });
      expectThat(!without.ids.includes(free.ids[0]!), 'ids', `never ${free.ids[0]}`, without.ids.join(', '));
    },
  ],
  [
    'no id twice under penalties that outweigh every logit',
    async ({ model, prompt }) => {
      for (const sampling of [{ presencePenalty: 1000 }, { frequencyPenalty: 1000 }]) {
        const request = { prompt, maxTokens: 12, sampling: { ...greedy, ...sampling }, ignoreEos: true };
        const { ids } = await generateAll(model, request);
        expectEqual('different ids', new Set(ids).size, 12);
      }
    },
  ],
];
