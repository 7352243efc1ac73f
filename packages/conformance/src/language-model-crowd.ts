/** Generations that come and go while others run. */
import type { GenerateRequest } from '@yoco-u/spec';
import { expectEqual } from './expectations.ts';
import { type Generation, generateAll } from './generation.ts';
import { expectSame, greedy, lively, type Subject } from './language-model-subject.ts';
import type { CheckOf } from './suite.ts';

const crowd = 10;

export const crowdChecks: readonly CheckOf<Subject>[] = [
  [
    'the same alone and in a crowd in which others come, are aborted, stop and end',
    async ({ model, prompt }) => {
      const requests = Array.from({ length: crowd }, (_, index): GenerateRequest => {
        const text = prompt.slice(index % 3).repeat(1 + (index % 2));
        const sampling = index % 2 === 0 ? greedy : { ...lively, seed: index };
        return { prompt: text, maxTokens: 3 + ((5 * index) % 11), sampling, ignoreEos: true, priority: index % 3 };
      });
      const alone: Generation[] = [];
      for (const request of requests) alone.push(await generateAll(model, request));

      let tokens = 0;
      const starts: (() => void)[] = [];
      const onToken = (): void => {
        tokens++;
        while (starts.length > 0 && tokens >= 2 * (crowd - starts.length)) starts.shift()!();
      };
      const started = requests.map(() => new Promise<void>((resolve) => void starts.push(resolve)));
      starts.shift()!();
      const together = requests.map(async (request, index) => {
        await started[index];
        const controller = new AbortController();
        const aborts = index % 4 === 3;
        const text = alone[index]!.text;
        const stop = index % 4 === 2 && text.length > 3 ? [text.slice(2, 4)] : [];
        const got = await generateAll(model, { ...request, stop, signal: controller.signal }, (count) => {
          if (aborts && count === 2) controller.abort();
          onToken();
        });
        const where = `request ${index}`;
        if (aborts) {
          expectEqual(`${where}: reason`, got.finish.reason, 'abort');
          expectEqual(`${where}: ids`, got.ids, alone[index]!.ids.slice(0, got.ids.length));
        } else if (stop.length > 0) {
          expectEqual(`${where}: text`, got.text, text.slice(0, text.indexOf(stop[0]!)));
        } else expectSame(where, got, alone[index]!);
      });
      await Promise.all(together);
    },
  ],
];
