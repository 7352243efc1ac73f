/** The generated TypeScript file that embeds a module, so that sources, Node and every bundler read it alike. */
import { basename, dirname, join } from 'node:path';
import { compileModule, type ModuleVariant } from './compile.ts';

export interface EmbedOptions {
  /** AssemblyScript entry file `…/assembly/<name>.ts`; the output is `…/<name>.wasm.ts`. */
  readonly entry: string;
  readonly table?: boolean;
}

/** Where the generated file of an entry lies: beside the entry's folder. */
export function outputPath(entry: string): string {
  return join(dirname(dirname(entry)), `${basename(entry, '.ts')}.wasm.ts`);
}

/** Compiles both variants and returns the text of the generated file. The same sources give the same text. */
export async function embedModule({ entry, table = false }: EmbedOptions): Promise<string> {
  const compile = async (variant: ModuleVariant) =>
    Buffer.from(await compileModule({ entry, variant, table })).toString('base64');
  const relaxed = await compile('relaxed');
  const baseline = await compile('baseline');
  const file = basename(entry, '.ts');
  const identifier = `${file.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}Module`;
  const same = relaxed === baseline;
  return [
    `// Generated from assembly/${file}.ts by \`pnpm build:wasm\`: do not edit.`,
    "import type { WasmModuleSource } from '@yoco-u/spec';",
    '',
    `const baseline = '${baseline}';`,
    `const relaxed = ${same ? 'baseline' : `'${relaxed}'`};`,
    '',
    'function decode(text: string): Uint8Array<ArrayBuffer> {',
    '  const characters = atob(text);',
    '  const bytes = new Uint8Array(characters.length);',
    '  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);',
    '  return bytes;',
    '}',
    '',
    `export const ${identifier}: WasmModuleSource = {`,
    `  name: '${file}',`,
    '  relaxed: () => decode(relaxed),',
    '  baseline: () => decode(baseline),',
    '};',
    '',
  ].join('\n');
}
