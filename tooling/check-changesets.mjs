/**
 * Proves that versions are independent: in a copy of the workspace's manifests, `changeset version` with a patch of
 * one package must bump that package and no other, for the package at the bottom and for one at the top.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readJson, root } from './bootstrap/paths.mjs';
import { check } from './lib/report.mjs';
import { mustRun } from './lib/run.mjs';
import { readWorkspace } from './lib/workspace.mjs';

const packages = readWorkspace();
const published = packages.filter((entry) => entry.isPublished);

/** How many published packages depend on this one, directly or not. @param {string} name @returns {number} */
function dependents(name) {
  const found = new Set([name]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { name: other, manifest } of published) {
      if (Object.keys(manifest.dependencies ?? {}).some((dependency) => found.has(dependency))) found.add(other);
    }
  }
  return found.size - 1;
}

/** @param {string} folder */
async function copyManifests(folder) {
  for (const path of ['package.json', 'pnpm-workspace.yaml', '.changeset/config.json']) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  for (const { path } of packages) {
    mkdirSync(join(folder, path), { recursive: true });
    cpSync(join(root, path, 'package.json'), join(folder, path, 'package.json'));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n');
  const identity = ['-c', 'user.name=check', '-c', 'user.email=check@example.com'];
  await mustRun('git', ['init', '-q', '-b', 'main'], { cwd: folder });
  await mustRun('git', ['add', '.'], { cwd: folder });
  await mustRun('git', [...identity, 'commit', '-q', '-m', 'manifests'], { cwd: folder });
}

/** @param {string} name */
async function checkPatchOf(name) {
  const folder = mkdtempSync(join(tmpdir(), 'yoco-u-changesets-'));
  try {
    await copyManifests(folder);
    writeFileSync(join(folder, '.changeset/check.md'), `---\n'${name}': patch\n---\n\nA fix.\n`);
    await mustRun('changeset', ['version'], { cwd: folder });
    const bumped = published
      .filter(({ path, manifest }) => readJson(join(folder, path, 'package.json')).version !== manifest.version)
      .map((entry) => entry.name);
    if (bumped.join() !== name) throw new Error(`expected a new version of ${name} alone, got [${bumped.join(', ')}]`);
    const own = published.find((entry) => entry.name === name)?.path ?? '';
    if (!existsSync(join(folder, own, 'CHANGELOG.md'))) throw new Error(`expected ${own}/CHANGELOG.md, got none`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const byDependents = published.map(({ name }) => name).sort((a, b) => dependents(b) - dependents(a));
for (const name of new Set([byDependents.at(0), byDependents.at(-1)])) {
  if (name !== undefined) await check(`a patch of ${name} bumps nothing else`, () => checkPatchOf(name));
}
