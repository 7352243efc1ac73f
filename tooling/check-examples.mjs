/**
 * Type-checks the TypeScript of READMEs and documents, so that no example asks for what is not there. A block whose first line is
 * `// name.ts` is the file of that name, beside the document. Names that a block uses and does not declare may be anything: it goes on
 * from what the text around it says. AssemblyScript is left out.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { readJson, root } from './bootstrap/paths.mjs';
import { report } from './lib/report.mjs';
import { readWorkspace } from './lib/workspace.mjs';

/** "Cannot find name", "Did you mean", "No value exists in scope for the shorthand property". */
const undeclared = new Set([2304, 2552, 18004]);
const assembly = /\busize\b|from 'kernel\//;

const documents = globSync('**/*.md', { cwd: root, exclude: ['**/node_modules/**', '**/dist/**'] }).sort();
/**
 * By the path that they are checked as. Empty lines stand for the document's, so that line numbers are its own.
 * @type {Map<string, { document: string, text: string }>}
 */
const examples = new Map();
for (const document of documents) {
  const text = readFileSync(join(root, document), 'utf8');
  for (const match of text.matchAll(/^```(?:ts|typescript)\n(.*?)^```/gms)) {
    const [, code = ''] = match;
    if (assembly.test(code)) continue;
    const line = text.slice(0, match.index).split('\n').length;
    const name = /^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1] ?? `example-${line}.ts`;
    examples.set(join(root, dirname(document), name), { document, text: '\n'.repeat(line) + code });
  }
}

/** Every entry point of the packages to its source: examples use more than their own package depends on. */
const paths = Object.fromEntries([
  ['alibi-attention', ['examples/attention-plugin/src/index.ts']],
  ...readWorkspace().flatMap(({ name, path, manifest }) =>
    Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
      const source = target['@yoco-u/source'];
      return source === undefined ? [] : [[name + subpath.slice(1), [join(path, source)]]];
    }),
  ),
]);
const { options, errors } = ts.convertCompilerOptionsFromJson(
  { ...readJson(join(root, 'tsconfig.base.json')).compilerOptions, baseUrl: '.', paths, noUnusedLocals: false },
  root,
);
if (errors.length > 0) throw new Error(errors.map(({ messageText }) => String(messageText)).join('\n'));
// blocks without imports are modules, too: they await
options.moduleDetection = ts.ModuleDetectionKind.Force;

const disk = ts.createCompilerHost(options);
/** @type {ts.CompilerHost} */
const host = {
  ...disk,
  fileExists: (path) => examples.has(path) || disk.fileExists(path),
  readFile: (path) => examples.get(path)?.text ?? disk.readFile(path),
  getSourceFile(path, language, ...rest) {
    const text = examples.get(path)?.text;
    return text === undefined ? disk.getSourceFile(path, language, ...rest) : ts.createSourceFile(path, text, language);
  },
};
const program = ts.createProgram([...examples.keys()], options, host);

/** @type {Map<string, string[]>} */
const problems = new Map();
for (const [path, { document }] of examples) {
  const file = program.getSourceFile(path);
  const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    .filter(({ code }) => !undeclared.has(code))
    .map(({ start = 0, messageText }) => {
      const line = file?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${document}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  problems.set(document, [...(problems.get(document) ?? []), ...found]);
}
for (const [document, found] of problems) report(`examples of ${document}`, found);
