import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root, workspaceFolders } from './paths.mjs';
import { runQuietly } from './processes.mjs';
import { createStamp } from './stamp.mjs';

const folder = join(root, 'apps/cli');
const bundle = join(folder, 'dist/yoco-u.js');
const ignored = new Set(['node_modules', 'dist', '.turbo', 'coverage', 'README.md', 'CHANGELOG.md']);

/**
 * The folders of the command line and of every workspace package that its bundle can contain.
 * @returns {string[]}
 */
function bundledFolders() {
  const manifests = new Map(
    workspaceFolders().map((path) => {
      const manifest = readJson(join(path, 'package.json'));
      return [manifest.name, { path, manifest }];
    }),
  );
  const own = readJson(join(folder, 'package.json'));
  const pending = Object.keys({ ...own.dependencies, ...own.devDependencies });
  const found = new Set([folder]);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const sibling = manifests.get(name);
    if (sibling === undefined || found.has(sibling.path)) continue;
    found.add(sibling.path);
    pending.push(...Object.keys(sibling.manifest.dependencies ?? {}));
  }
  return [...found].sort();
}

/**
 * Names, sizes and times rather than contents: a few milliseconds for the whole repository on every start.
 * @param {string} path
 * @param {import('node:crypto').Hash} hash
 */
function addFolder(path, hash) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (ignored.has(entry.name) || entry.name.endsWith('.test.ts')) continue;
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      addFolder(child, hash);
    } else {
      const { size, mtimeMs } = statSync(child);
      hash.update(`${child} ${size} ${mtimeMs}\n`);
    }
  }
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const path of bundledFolders()) addFolder(path, hash);
  const { size, mtimeMs } = statSync(join(root, 'pnpm-lock.yaml'));
  return hash.update(`${size} ${mtimeMs}`).digest('hex');
}

/**
 * Builds the command line unless a bundle of the same sources is there.
 * @param {string} node the pinned Node
 * @returns {string | undefined} the bundle's path; undefined where the repository has no command line
 * @throws {Error} when the build fails
 */
export function ensureCommandLine(node) {
  if (!existsSync(join(folder, 'package.json'))) return undefined;
  const stamp = createStamp('command-line');
  const current = fingerprint();
  if (existsSync(bundle) && stamp.matches(current)) return bundle;
  stamp.clear();
  // `node --run` is a package script without a package manager: no registry, no second of start-up.
  runQuietly('Building the command line', node, ['--run', 'build'], { cwd: folder });
  if (!existsSync(bundle)) throw new Error(`build: expected ${bundle}, got nothing; see the build script of apps/cli`);
  stamp.write(current);
  return bundle;
}
