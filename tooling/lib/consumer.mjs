import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap/paths.mjs';
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
  const links = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(names.map((name) => [name, links[name]])),
    overrides: links,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  // A sibling that no tarball provides must fail here, not come from somewhere else.
  writeFileSync(join(folder, '.npmrc'), '@yoco-u:registry=http://127.0.0.1:9/\nfetch-retries=0\n');
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline', '--loglevel=error'];
  await mustRun('npm', ['install', ...quiet], { cwd: folder, env: environment });
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
