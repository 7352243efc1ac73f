import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readJson, root, workspaceFolders } from './paths.mjs';
import { runQuietly } from './processes.mjs';
import { createStamp } from './stamp.mjs';

/** The pinned Node, started directly: the shim beside it costs a shell and would not pass signals on. */
const nodeBinary = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Everything that decides what an install puts into node_modules. */
function fingerprint() {
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', '.npmrc']
    .map((name) => join(root, name))
    .concat(workspaceFolders().map((folder) => join(folder, 'package.json')));
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of files) {
    if (existsSync(file)) hash.update(`${relative(root, file)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/**
 * Installs the dependencies unless an install of the same lock file and manifests is there.
 * @returns {string} the path of the pinned Node
 * @throws {Error} when the install fails or does not bring the pinned Node
 */
export function ensureInstalled() {
  const stamp = createStamp('install');
  const current = fingerprint();
  if (existsSync(nodeBinary) && stamp.matches(current)) return nodeBinary;
  const manager = readJson(join(root, 'package.json')).packageManager;
  stamp.clear();
  runQuietly('Installing dependencies', 'npx', ['-y', manager, 'install', '--frozen-lockfile'], {
    hint: `after a change of a package.json, run \`npx ${manager} install\` and commit pnpm-lock.yaml`,
  });
  if (!existsSync(nodeBinary)) {
    throw new Error(
      `install: expected Node at ${nodeBinary}, got nothing; allow install scripts of the package 'node'`,
    );
  }
  stamp.write(current);
  return nodeBinary;
}
