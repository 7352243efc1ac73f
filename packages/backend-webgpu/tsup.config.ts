import { library } from '@yoco-u/tsup-preset';
import { defineConfig } from 'tsup';

export default defineConfig(library({ index: 'src/index.ts' }));
