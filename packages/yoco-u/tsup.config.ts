import { library } from '@yoco-u/tsup-preset';
import { defineConfig } from 'tsup';

export default defineConfig({
  ...library({
    index: 'src/index.ts',
    node: 'src/node.ts',
    worker: 'src/worker.ts',
    'model-worker': 'src/model-worker.ts',
    'node-model-worker': 'src/node-model-worker.ts',
  }),
  plugins: [
    {
      // sources and bundlers of sources find a worker's script under the name it has here; the built one ends in .js
      name: 'worker-scripts',
      renderChunk(code, { map }) {
        if (!code.includes('model-worker.ts"')) return undefined;
        return { code: code.replaceAll('model-worker.ts"', 'model-worker.js"'), map };
      },
    },
  ],
});
