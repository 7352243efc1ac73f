export { checkModule, type ModuleRules } from './check-module.ts';
export { type CompileOptions, compileModule, libraryFolder, type ModuleVariant } from './compile.ts';
export { type EmbedOptions, embedModule, outputPath } from './emit.ts';
