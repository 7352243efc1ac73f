/** How generations end. */
import { expectEqual, expectThat } from './expectations.ts';
import { generateAll, promptIds, textAfter } from './generation.ts';
import { expectSame, greedy, lively, type Subject } from './language-model-subject.ts';
import type { CheckOf } from './suite.ts';

export const finishChecks: readonly CheckOf<Subject>[] = [
  ['before a stop string that spans tokens, without showing it', checkStopStrings],
  [
    'before the first of several stop strings, and not for one that never comes',
    async ({ model, prompt }) => {
      const request = { prompt, maxTokens: 60, sampling: lively, ignoreEos: true };
      const whole = await generateAll(model, request);
      expectSame(
        'a stop string that never comes',
        await generateAll(model, { ...request, stop: ['\u0000never'] }),
        whole,
      );
      const stops = [0.7, 0.4].map((part) => {
        const at = Math.floor(whole.text.length * part);
        return whole.text.slice(at, at + 2);
      });
      const first = Math.min(...stops.map((stop) => whole.text.indexOf(stop)));
      const { text, finish } = await generateAll(model, { ...request, stop: stops });
      expectEqual('text', text, whole.text.slice(0, first));
      expectEqual('reason', finish.reason, 'stop');
    },
  ],
  [
    'when aborted: before, during and never again',
    async ({ model, prompt }) => {
      const request = { prompt, maxTokens: 30, sampling: greedy, ignoreEos: true };
      const whole = await generateAll(model, request);
      const before = await generateAll(model, { ...request, signal: AbortSignal.abort() });
      expectEqual('aborted before: ids and reason', [before.ids, before.finish.reason], [[], 'abort']);
      const controller = new AbortController();
      const during = await generateAll(model, { ...request, signal: controller.signal }, (count) => {
        if (count === 3) controller.abort();
      });
      expectEqual('aborted during: reason', during.finish.reason, 'abort');
      const soon = during.ids.length >= 3 && during.ids.length <= 4;
      expectThat(soon, 'aborted at the third token', '3 or 4 tokens', during.ids.length);
      expectEqual('aborted during: ids', during.ids, whole.ids.slice(0, during.ids.length));
      expectSame('afterwards', await generateAll(model, request), whole);
    },
  ],
  [
    'when aborted in the prefill',
    async ({ model, prompt }) => {
      const controller = new AbortController();
      const ids = promptIds(model, prompt.repeat(20)).slice(0, model.contextLength - 2);
      const onPrefill = () => controller.abort();
      const { ids: got, finish } = await generateAll(model, {
        prompt: ids,
        signal: controller.signal,
        onPrefill,
        ignoreEos: true,
      });
      expectEqual('reason', finish.reason, 'abort');
      expectThat(got.length <= 1, 'tokens', 'at most 1', got.length);
    },
  ],
  [
    'at an end-of-sequence id, unless told to ignore it',
    async ({ model, ending }) => {
      if (ending === undefined) return;
      const { ids, text, finish } = await generateAll(model, ending);
      expectEqual('reason', finish.reason, 'stop');
      expectThat(ids.length < ending.maxTokens, 'ids', `fewer than ${ending.maxTokens}`, ids.length);
      const before = typeof ending.prompt === 'string' ? promptIds(model, ending.prompt) : Array.from(ending.prompt);
      expectEqual('text', text, textAfter(model, before, ids));
      const on = await generateAll(model, { ...ending, ignoreEos: true });
      expectEqual('ids up to the end', on.ids.slice(0, ids.length), ids);
      expectEqual('ids beyond it', on.ids.length, ending.maxTokens);
    },
  ],
  [
    'where the context ends',
    async ({ model, prompt }) => {
      const ids = promptIds(model, prompt.repeat(Math.ceil(model.contextLength / Math.max(1, prompt.length)) + 1));
      const rest = { sampling: greedy, ignoreEos: true };
      for (const left of [0, 1, 3]) {
        const full = ids.slice(0, model.contextLength - left);
        if (full.length < model.contextLength - left) continue;
        const open = await generateAll(model, { prompt: full, ...rest });
        expectEqual(`tokens where ${left} are left`, [open.ids.length, open.finish.reason], [left, 'length']);
        const capped = await generateAll(model, { prompt: full, maxTokens: left + 5, ...rest });
        expectEqual(`tokens where ${left} are left, more asked for`, capped.ids, open.ids);
      }
    },
  ],
  [
    'when the reader leaves, and serves the next one',
    async ({ model, prompt }) => {
      const request = { prompt, maxTokens: 8, sampling: greedy, ignoreEos: true };
      const whole = await generateAll(model, request);
      for (let turn = 0; turn < 5; turn++) {
        for await (const part of model.generate(request)) if (part.type === 'token') break;
      }
      expectSame('afterwards', await generateAll(model, request), whole);
    },
  ],
];

async function checkStopStrings({ model, prompt }: Subject): Promise<void> {
  let tried = 0;
  for (let seed = 1; seed < 20 && tried < 4; seed++) {
    const request = { prompt, maxTokens: 40, sampling: { temperature: 1, seed }, ignoreEos: true };
    const whole = await generateAll(model, request);
    let border = 0;
    for (const piece of whole.pieces.slice(0, -1)) {
      border += piece.text.length;
      const stop = whole.text.slice(Math.max(0, border - 2), border + 1);
      const at = whole.text.indexOf(stop);
      // the first place must be the one across the border
      if (stop.length < 2 || at !== Math.max(0, border - 2)) continue;
      tried++;
      const got = await generateAll(model, { ...request, stop: [stop] });
      const where = `stop ${JSON.stringify(stop)} with seed ${seed}`;
      expectEqual(`${where}: text`, got.text, whole.text.slice(0, at));
      expectEqual(`${where}: reason`, got.finish.reason, 'stop');
      expectEqual(`${where}: ids`, got.ids, whole.ids.slice(0, got.ids.length));
      break;
    }
  }
  expectThat(tried > 0, 'the model’s texts', 'a place where two tokens meet, once in a text', 'none in 19 texts');
}
