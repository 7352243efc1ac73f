import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { readJson, root, workspaceFolders } from '../bootstrap/paths.mjs';

/**
 * A workspace package.
 * @typedef {object} WorkspacePackage
 * @property {string} name
 * @property {string} folder absolute path
 * @property {string} path relative to the repository's root, with `/`
 * @property {any} manifest its package.json
 * @property {readonly string[]} tags its tags for `turbo boundaries`
 * @property {boolean} isPublished
 */

/**
 * Every package of the workspace, in the order of their folders.
 * @returns {WorkspacePackage[]}
 */
export function readWorkspace() {
  return workspaceFolders().map((folder) => {
    const manifest = readJson(join(folder, 'package.json'));
    const turbo = join(folder, 'turbo.json');
    return {
      name: manifest.name,
      folder,
      path: relative(root, folder).split(sep).join('/'),
      manifest,
      tags: existsSync(turbo) ? (readJson(turbo).tags ?? []) : [],
      isPublished: manifest.private !== true,
    };
  });
}
