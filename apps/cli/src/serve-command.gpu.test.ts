import { join } from 'node:path';
import { loadModelFolder } from '@yoco-u/yoco-u/node';
import { expect, test } from 'vitest';
import { announced, ended, post, start } from './testing.ts';

const model = join(import.meta.dirname, '../../../fixtures/models/stories-reference');
const prompts = ['In the middle of the forest', 'Once upon a time there was'];
const maxTokens = 6;

/** The likeliest continuation on the CPU. */
async function continuations(): Promise<string[]> {
  await using loaded = await loadModelFolder(model, { backend: 'wasm', threads: 1 });
  const texts: string[] = [];
  for (const prompt of prompts) {
    let text = '';
    for await (const part of loaded.model.generate({ prompt, maxTokens, sampling: { temperature: 0 } })) {
      if (part.type === 'text') text += part.text;
    }
    texts.push(text);
  }
  return texts;
}

test('serve on WebGPU answers requests at once as the CPU does, and ends', async () => {
  const child = start(['serve', model, '--port', '0', '--backend', 'webgpu', '--sequences', '2', '--context', '64']);
  child.stdout!.resume();
  const url = await announced(child);
  const answers = prompts.map(async (prompt) => {
    const answer = await post(`${url}/v1/completions`, { prompt, max_tokens: maxTokens, temperature: 0 });
    return ((await answer.json()) as { choices: { text: string }[] }).choices[0]!.text;
  });
  expect(await Promise.all(answers)).toEqual(await continuations());
  child.kill('SIGTERM');
  expect(await ended(child)).toBe(0);
});
