import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const folder = join(root, 'recipes');

/**
 * The script of a recipe: `stories` is `recipes/stories/recipe.ts`, `stories/export` is `recipes/stories/export.ts`.
 * @param {string | undefined} name
 * @returns {string}
 * @throws {Error} when there is none
 */
export function recipeScript(name) {
  const words = (name ?? '').split('/');
  const path = join(folder, words[0] ?? '', `${words[1] ?? 'recipe'}.ts`);
  const isName = words.length <= 2 && words.every((word) => /^[\w-]+$/.test(word));
  if (isName && existsSync(path)) return path;
  const known = readdirSync(folder).filter((entry) => existsSync(join(folder, entry, 'recipe.ts')));
  throw new Error(`recipe: expected ${known.join(' or ')}, got '${name ?? ''}'; see recipes/README.md`);
}
