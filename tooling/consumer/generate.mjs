/**
 * Generates greedily with the umbrella package and the model that the command line brings, and prints the text. In the same
 * process, or in a worker thread.
 *
 *   node generate.mjs <model folder> <prompt> <number of tokens> [--worker]
 */
import { loadModelFolder, loadModelFolderInWorker } from '@yoco-u/yoco-u/node';

const [folder, prompt, maxTokens, place] = process.argv.slice(2);
await using opened = await (place === '--worker' ? loadModelFolderInWorker : loadModelFolder)(folder);
let text = '';
const request = { prompt, maxTokens: Number(maxTokens), sampling: { temperature: 0 } };
for await (const part of opened.model.generate(request)) {
  if (part.type === 'text') text += part.text;
}
process.stdout.write(text);
