/**
 * Checks what every package of the workspace promises: a README, MIT, the source condition, a tag, links to siblings
 * that keep versions independent; and that the package table of the root README is current.
 *
 *   node tooling/check-packages.mjs            prints `ok` or `not ok` per package
 *   node tooling/check-packages.mjs --write    rewrites the package table first
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './bootstrap/paths.mjs';
import { undeclaredImports } from './lib/imports.mjs';
import { layers } from './lib/layers.mjs';
import { report } from './lib/report.mjs';
import { readWorkspace } from './lib/workspace.mjs';

const sourceCondition = '@yoco-u/source';
const packages = readWorkspace();
const byName = new Map(packages.map((entry) => [entry.name, entry]));

/**
 * @param {import('./lib/workspace.mjs').WorkspacePackage} entry
 * @returns {string[]}
 */
function checkTag({ tags, path }) {
  const [tag] = tags;
  if (tags.length !== 1 || tag === undefined || !(tag in layers)) {
    return [`turbo.json: expected one tag of ${Object.keys(layers).join(', ')}, got [${tags.join(', ')}] in ${path}`];
  }
  return [];
}

/**
 * @param {import('./lib/workspace.mjs').WorkspacePackage} entry
 * @returns {string[]}
 */
function checkSiblings({ manifest, tags, isPublished }) {
  const problems = [];
  const allowed = layers[tags[0] ?? ''] ?? [];
  for (const [name, range] of Object.entries({ ...manifest.peerDependencies, ...manifest.dependencies })) {
    const sibling = byName.get(name);
    if (sibling === undefined || !isPublished) continue;
    if (range !== 'workspace:^') problems.push(`${name}: expected "workspace:^", got "${range}"`);
    if (!sibling.isPublished) problems.push(`${name} is private: it cannot be a dependency of a published package`);
    if (!allowed.includes(sibling.tags[0] ?? '')) {
      problems.push(`${name} [${sibling.tags}] must not be a dependency of a package tagged [${tags}]`);
    }
  }
  for (const [name, range] of Object.entries(manifest.devDependencies ?? {})) {
    if (byName.has(name) && !String(range).startsWith('workspace:')) {
      problems.push(`${name}: expected a workspace link, got "${range}"`);
    }
  }
  return problems;
}

/**
 * @param {import('./lib/workspace.mjs').WorkspacePackage} entry
 * @returns {string[]}
 */
function checkExports({ manifest, folder }) {
  /** @type {string[]} */
  const problems = [];
  if (manifest.exports === undefined) {
    return manifest.bin === undefined ? ['exports: missing'] : [];
  }
  if (manifest.exports['./package.json'] !== './package.json') problems.push('exports: "./package.json" is missing');
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (subpath === './package.json' || typeof target === 'string') continue;
    const conditions = Object.keys(target);
    if (conditions[0] !== sourceCondition) problems.push(`exports["${subpath}"]: "${sourceCondition}" must come first`);
    if (conditions.at(-1) !== 'default') problems.push(`exports["${subpath}"]: "default" must come last`);
    if (!conditions.includes('types')) problems.push(`exports["${subpath}"]: "types" is missing`);
    const source = target[sourceCondition];
    if (source !== undefined && !existsSync(join(folder, source))) {
      problems.push(`exports["${subpath}"]: ${source} does not exist`);
    }
  }
  return problems;
}

/**
 * @param {import('./lib/workspace.mjs').WorkspacePackage} entry
 * @returns {string[]}
 */
function checkPublished(entry) {
  const { manifest, folder, path, name } = entry;
  /** @type {string[]} */
  const problems = [];
  /** @param {boolean} holds @param {string} problem */
  const expect = (holds, problem) => {
    if (!holds) problems.push(problem);
  };
  expect(name === `@yoco-u/${basename(folder)}` || path === 'apps/cli', `name: ${name} does not match ${path}`);
  expect(/^\d+\.\d+\.\d+/.test(manifest.version ?? ''), 'version: missing');
  expect((manifest.description ?? '').length > 0, 'description: missing');
  expect(manifest.type === 'module', 'type: expected "module"');
  expect(manifest.license === 'MIT', 'license: expected "MIT"');
  expect(manifest.sideEffects === false || manifest.exports === undefined, 'sideEffects: expected false');
  expect(/^>=\s*22/.test(manifest.engines?.node ?? ''), 'engines.node: expected ">=22" or newer');
  expect(manifest.publishConfig?.access === 'public', 'publishConfig.access: expected "public"');
  expect(manifest.files?.includes('dist') === true, 'files: expected "dist" among them');
  expect(
    manifest.files?.includes('src') !== true || manifest.files.includes('!src/**/*.test.ts'),
    'files: expected "!src/**/*.test.ts" after "src"',
  );
  expect(manifest.scripts?.build !== undefined, 'scripts.build: missing');
  expect(existsSync(join(folder, 'README.md')), 'README.md: missing');
  expect(existsSync(join(folder, 'tsconfig.json')), 'tsconfig.json: missing');
  // The command line is one bundle: what it imports is inside, and a user installs nothing else.
  const imports = path === 'apps/cli' ? [] : undeclaredImports(entry);
  return [...problems, ...checkExports(entry), ...imports];
}

/** The package table of the root README, from the manifests. */
function packageTable() {
  const rows = packages
    .filter((entry) => entry.isPublished)
    .map(({ name, path, manifest }) => `| [\`${name}\`](${path}) | ${manifest.description} |`);
  return ['| package | what it does |', '| --- | --- |', ...rows].join('\n');
}

/**
 * @param {boolean} write
 * @returns {string[]}
 */
function checkReadme(write) {
  const path = join(root, 'README.md');
  const text = readFileSync(path, 'utf8');
  const marked = /(<!-- packages:start -->\n)[\s\S]*?(<!-- packages:end -->)/;
  if (!marked.test(text)) return ['expected <!-- packages:start --> and <!-- packages:end -->'];
  const current = text.replace(marked, (_all, start, end) => `${start}${packageTable()}\n${end}`);
  if (current === text) return [];
  if (!write) return ['the package table is stale; run `npm run readme`'];
  writeFileSync(path, current);
  return [];
}

for (const entry of packages) {
  const problems = [...checkTag(entry), ...checkSiblings(entry)];
  if (entry.isPublished) problems.push(...checkPublished(entry));
  report(`package ${entry.path}`, problems);
}
report('package table of README.md', checkReadme(process.argv.includes('--write')));
report('LICENSE is MIT', readFileSync(join(root, 'LICENSE'), 'utf8').startsWith('MIT License') ? [] : ['not MIT']);
