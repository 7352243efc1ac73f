/**
 * Packs every published package as a release would, looks into the tarballs, and uses them outside of the workspace:
 * each package alone, then the command line, then the examples, which are packages of somebody else's. Needs the packages built
 * (`turbo run build`).
 *
 *   node tooling/pack-and-consume.mjs [--keep]     --keep leaves the temporary folder and prints its path
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from './bootstrap/paths.mjs';
import { copyExample, createConsumer, runInConsumer, runScript } from './lib/consumer.mjs';
import { check } from './lib/report.mjs';
import { mustRun } from './lib/run.mjs';
import { twoAtOnce } from './lib/two-at-once.mjs';
import { readWorkspace } from './lib/workspace.mjs';
import { gpuTests, vulkanEnvironment } from './vitest-webgpu/project.ts';

/** @typedef {import('./lib/workspace.mjs').WorkspacePackage} WorkspacePackage */

const commandLine = 'yoco-u';
const umbrella = '@yoco-u/yoco-u';
const published = readWorkspace().filter((entry) => entry.isPublished);
const work = mkdtempSync(join(tmpdir(), 'yoco-u-packages-'));
/** @type {Map<string, string>} */
const tarballs = new Map();

/** @param {WorkspacePackage} entry */
async function pack({ name, folder }) {
  const output = await mustRun('pnpm', ['pack', '--json', '--pack-destination', join(work, 'tarballs')], {
    cwd: folder,
  });
  const { filename } = JSON.parse(output.slice(output.indexOf('{')));
  tarballs.set(name, join(work, 'tarballs', basename(filename)));
}

/** The entry points that a program can name. @param {WorkspacePackage} entry */
function specifiers({ name, manifest }) {
  const subpaths = Object.keys(manifest.exports ?? {}).filter((subpath) => !subpath.endsWith('.json'));
  return subpaths.map((subpath) => `${name}${subpath.slice(1)}`);
}

/** @param {WorkspacePackage} entry */
async function inspect(entry) {
  const { name } = entry;
  const tarball = tarballs.get(name) ?? '';
  const files = (await mustRun('tar', ['-tzf', tarball])).trim().split('\n');
  for (const file of ['LICENSE', 'README.md', 'package.json']) {
    if (!files.includes(`package/${file}`)) throw new Error(`expected ${file} in the tarball, got none`);
  }
  const stray = files.filter((file) => /\.test\.ts$|__fixtures__|\.tsbuildinfo$/.test(file));
  if (stray.length > 0) throw new Error(`expected no tests in the tarball, got ${stray.join(', ')}`);
  const packed = await mustRun('tar', ['-xzOf', tarball, 'package/package.json']);
  if (/"(workspace|catalog):/.test(packed)) throw new Error('expected resolved versions in package.json, got links');
  await mustRun('publint', [tarball, '--strict']);
  if (specifiers(entry).length > 0) await mustRun('attw', [tarball, '--profile', 'esm-only']);
}

/** @param {WorkspacePackage} entry */
async function consumeAlone(entry) {
  const folder = join(work, 'alone', basename(entry.folder));
  await createConsumer(folder, [entry.name], tarballs);
  const lines = specifiers(entry).map((specifier, index) => `export * as entry${index} from '${specifier}';`);
  writeFileSync(join(folder, 'entries.ts'), `${lines.join('\n')}\n`);
  await runInConsumer(folder, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
  // Test suites can be imported by their test runner only.
  if (entry.manifest.peerDependencies?.vitest !== undefined) return;
  await runInConsumer(folder, ['import-entries.mjs', entry.name]);
}

/** The command line and the umbrella, from their tarballs, must write the same text; the umbrella in a worker too. */
async function generateText() {
  const folder = join(work, 'together');
  await createConsumer(folder, [commandLine, umbrella], tarballs);
  const [prompt, tokens] = ['Once upon a time', '24'];
  const installed = join('node_modules', commandLine);
  const choices = ['--prompt', prompt, '--max-tokens', tokens, '--temperature', '0', '--json'];
  const { text } = JSON.parse(await runInConsumer(folder, [join(installed, program()), 'generate', ...choices]));
  const byUmbrella = ['generate.mjs', join(installed, 'model'), prompt, tokens];
  const texts = [
    text,
    await runInConsumer(folder, byUmbrella),
    await runInConsumer(folder, [...byUmbrella, '--worker']),
  ];
  if (text.trim() === '' || texts.some((other) => other !== text)) {
    throw new Error(`expected one text, got '${texts.join("', '")}' (command line, umbrella, umbrella in a worker)`);
  }
}

/** The command line's entry, as its package.json names it. */
function program() {
  const bin = published.find(({ name }) => name === commandLine)?.manifest.bin;
  return typeof bin === 'string' ? bin : bin[commandLine];
}

/** The licences of what the command line's bundle holds, by esbuild's comments, and of nothing else. */
function checkNotices() {
  const { folder = '' } = published.find(({ name }) => name === commandLine) ?? {};
  const bundle = readdirSync(join(folder, 'dist')).map((file) => readFileSync(join(folder, 'dist', file), 'utf8'));
  const held = bundle.flatMap((code) => [...code.matchAll(/^\s*\/\/ .*\/node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm)]);
  const notices = readFileSync(join(folder, 'THIRD-PARTY-NOTICES.md'), 'utf8').matchAll(/^## (.+)$/gm);
  const [expected = '', got = ''] = [held, [...notices]].map((matches) =>
    [...new Set(matches.map(([, name]) => name))].sort().join(', '),
  );
  if (expected !== got) throw new Error(`expected the licences of ${expected}, got those of ${got}`);
}

/** Builds an example from tarballs and runs its own tests; those on WebGPU where there is a driver. @param {string} name */
async function buildExample(name) {
  const folder = join(work, 'examples', name);
  await copyExample(folder, join(root, 'examples', name), tarballs);
  await runScript(folder, ['build']);
  const driver = vulkanEnvironment();
  await runScript(folder, driver === undefined ? ['test', '--', '--exclude', gpuTests] : ['test'], driver);
}

try {
  mkdirSync(join(work, 'tarballs'));
  await twoAtOnce(published, (entry) => check(`pack ${entry.name}`, () => pack(entry)));
  // the long ones first, since two run at once
  await twoAtOnce(
    [
      ...readdirSync(join(root, 'examples')).map(
        (name) => () => check(`build and test examples/${name} from tarballs`, () => buildExample(name)),
      ),
      ...(tarballs.has(commandLine) && tarballs.has(umbrella)
        ? [() => check('generate text with the packed command line and umbrella', generateText)]
        : []),
      ...published
        .filter((entry) => specifiers(entry).length > 0)
        .map((entry) => () => check(`install and import ${entry.name} alone`, () => consumeAlone(entry))),
      ...published.map((entry) => () => check(`publint and attw of ${entry.name}`, () => inspect(entry))),
      ...(tarballs.has(commandLine) ? [() => check('third-party notices of the command line', checkNotices)] : []),
    ],
    (run) => run(),
  );
} finally {
  if (process.argv.includes('--keep')) console.log(work);
  else rmSync(work, { recursive: true });
}
