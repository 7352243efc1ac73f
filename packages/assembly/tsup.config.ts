import { library } from '@yoco-u/tsup-preset';
import { defineConfig } from 'tsup';

export default defineConfig({
  ...library({ index: 'src/index.ts', cli: 'src/cli.ts' }),
  external: [/^node:/],
  removeNodeProtocol: false,
});
