import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const statement = /^(?:import|export)\b[^'";=(]*?\bfrom\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;
const testFile = /(\.test\.ts|\.bench\.ts|\/testing(\.ts|\/.*)|\/__fixtures__\/.*|\/assembly\/.*)$/;

/** The package that an import specifier names. @param {string} specifier */
function packageName(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/**
 * Packages that the published sources of a package import although a user's install would not bring them: the bundler
 * would copy a development dependency into the bundle, and a copied error class is no longer the same class.
 * @param {import('./workspace.mjs').WorkspacePackage} entry
 * @returns {string[]} one line per import
 */
export function undeclaredImports({ folder, manifest }) {
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
  const problems = [];
  for (const path of globSync('src/**/*.ts', { cwd: folder }).sort()) {
    if (testFile.test(`/${path}`)) continue;
    for (const match of readFileSync(join(folder, path), 'utf8').matchAll(statement)) {
      const specifier = match[1] ?? match[2] ?? '';
      if (/^(\.|#|node:)/.test(specifier)) continue;
      const name = packageName(specifier);
      if (!declared.has(name) && name !== manifest.name) problems.push(`${path} imports ${name}: not in dependencies`);
    }
  }
  return problems;
}
