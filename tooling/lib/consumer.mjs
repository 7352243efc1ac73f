import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root } from '../bootstrap/paths.mjs';
import { mustRun } from './run.mjs';

/** What the npm and the shims that started us left behind would lead the npm that we start back into the workspace. */
const environment = { NODE_PATH: undefined, INIT_CWD: undefined, npm_config_local_prefix: undefined };

/**
 * Makes a project outside of the workspace that has the named packages from their tarballs, and installs it with npm.
 * @param {string} folder to be created
 * @param {readonly string[]} names the packages that the project depends on
 * @param {ReadonlyMap<string, string>} tarballs every package's tarball by name: siblings resolve to them
 */
export async function createConsumer(folder, names, tarballs) {
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'tooling/consumer'), folder, { recursive: true });
  const dependencies = Object.fromEntries(names.map((name) => [name, '*']));
  await install(folder, { name: 'consumer', private: true, type: 'module', dependencies }, tarballs);
}

/**
 * Copies a package of the repository that is no part of the workspace, and installs it with ours from their tarballs.
 * @param {string} folder to be created
 * @param {string} example path of the package
 * @param {ReadonlyMap<string, string>} tarballs every package's tarball by name
 */
export async function copyExample(folder, example, tarballs) {
  const made = ['node_modules', 'dist'].map((name) => join(example, name));
  cpSync(example, folder, { recursive: true, filter: (path) => !made.includes(path) });
  await install(folder, readJson(join(example, 'package.json')), tarballs);
}

/**
 * Writes the manifest, in which every package of ours is its tarball, and installs it.
 * @param {string} folder
 * @param {any} manifest
 * @param {ReadonlyMap<string, string>} tarballs
 */
async function install(folder, manifest, tarballs) {
  const links = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
  /** @param {Record<string, string>} [wanted] */
  const linked = (wanted = {}) =>
    Object.fromEntries(Object.entries(wanted).map(([name, range]) => [name, links[name] ?? range]));
  const { dependencies, devDependencies } = manifest;
  const written = {
    ...manifest,
    dependencies: linked(dependencies),
    devDependencies: linked(devDependencies),
    overrides: links,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(written, undefined, 2));
  // A sibling that no tarball provides must fail here, not come from somewhere else.
  writeFileSync(join(folder, '.npmrc'), '@yoco-u:registry=http://127.0.0.1:9/\nfetch-retries=0\n');
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline', '--loglevel=error'];
  await mustRun('npm', ['install', ...quiet], { cwd: folder, env: environment });
}

/**
 * Runs a script of the consumer's manifest with npm.
 * @param {string} folder
 * @param {readonly string[]} parameters of `npm run`
 * @param {NodeJS.ProcessEnv} [variables] of its environment, besides ours
 * @returns {Promise<string>} its standard output
 */
export function runScript(folder, parameters, variables = {}) {
  return mustRun('npm', ['--silent', 'run', ...parameters], { cwd: folder, env: { ...environment, ...variables } });
}

/**
 * Runs a program of the consumer with the Node that runs this.
 * @param {string} folder
 * @param {readonly string[]} parameters
 * @returns {Promise<string>} its standard output
 */
export function runInConsumer(folder, parameters) {
  return mustRun(process.execPath, parameters, { cwd: folder, env: environment });
}
