/** Compiles one AssemblyScript entry file to a WebAssembly module, with the flags every kernel needs. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { checkModule } from './check-module.ts';

/** Which instructions a module may use. */
export type ModuleVariant = 'relaxed' | 'baseline';

export interface CompileOptions {
  /** AssemblyScript entry file. */
  readonly entry: string;
  readonly variant: ModuleVariant;
  /** Whether the module also imports the function table `env.table`; kernels never do. */
  readonly table?: boolean;
}

/** Folder of the helpers that kernels import by bare names: `import { fma } from 'kernel/simd'`. */
export const libraryFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../lib');

/**
 * Compiles and checks a module. Throws an `Error` with the compiler's diagnostics, or when the module does not keep the
 * kernel rules (see `checkModule`).
 */
export async function compileModule(options: CompileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const entry = resolve(options.entry);
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const messages: string[] = [];
  const collect = { write: (text: string | Uint8Array) => void messages.push(String(text)) };
  const { error } = await asc.main(compilerArguments(entry, options), {
    stdout: collect,
    stderr: collect,
    readFile: (name, base) => readFile(resolve(base, name), 'utf8').catch(() => null),
    listFiles: async (name, base) => {
      const names = await readdir(resolve(base, name)).catch(() => []);
      return names.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
    },
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = new Uint8Array(contents);
    },
  });
  if (error || binary === undefined) {
    throw new Error(`${entry} (${options.variant}): ${error?.message ?? 'no output'}\n${messages.join('')}`);
  }
  checkModule(binary, { name: `${entry} (${options.variant})`, table: options.table ?? false });
  return binary;
}

function compilerArguments(entry: string, { variant, table }: CompileOptions): string[] {
  const features = ['simd', 'threads', 'bulk-memory', ...(variant === 'relaxed' ? ['relaxed-simd'] : [])];
  return [
    entry,
    '--outFile=module.wasm',
    `--lib=${libraryFolder}`,
    '--runtime=stub',
    '--use=abort=',
    '--importMemory',
    '--noExportMemory',
    '--sharedMemory',
    '--initialMemory=1',
    '--maximumMemory=65536',
    ...(table ? ['--importTable'] : []),
    ...features.flatMap((feature) => ['--enable', feature]),
    '-O3',
    '--noAssert',
    '--uncheckedBehavior=always',
    '--noColors',
  ];
}
