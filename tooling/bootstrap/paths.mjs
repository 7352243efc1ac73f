import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the stamps lie that say what an install or a build was made from. */
export const stampFolder = join(root, 'node_modules/.cache/yoco-u');

/**
 * The folders of all workspace packages, by the patterns of pnpm-workspace.yaml (`folder` or `folder/*`), sorted.
 * @returns {string[]}
 */
export function workspaceFolders() {
  const lines = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8').split(/\r?\n/);
  const start = lines.indexOf('packages:') + 1;
  const patterns = [];
  for (const line of lines.slice(start)) {
    const match = /^\s+-\s+['"]?([^'"\s]+)['"]?\s*$/.exec(line);
    if (match === null) break;
    patterns.push(match[1] ?? '');
  }
  const folders = patterns.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [join(root, pattern)];
    const parent = join(root, pattern.slice(0, -2));
    return existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : [];
  });
  return folders.filter((folder) => existsSync(join(folder, 'package.json'))).sort();
}

/**
 * Reads a JSON file.
 * @param {string} path
 */
export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
