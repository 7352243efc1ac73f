/**
 * Generates greedily with the umbrella package and the model that the command line brings, and prints the text.
 *
 *   node generate.mjs <model folder> <prompt> <number of tokens>
 */
import { loadModelFolder } from '@yoco-u/yoco-u/node';

const [folder, prompt, maxTokens] = process.argv.slice(2);
await using opened = await loadModelFolder(folder);
let text = '';
const request = { prompt, maxTokens: Number(maxTokens), sampling: { temperature: 0 } };
for await (const part of opened.model.generate(request)) {
  if (part.type === 'text') text += part.text;
}
process.stdout.write(text);
