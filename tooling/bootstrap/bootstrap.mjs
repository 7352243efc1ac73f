import { join } from 'node:path';
import { ensureCommandLine } from './command-line.mjs';
import { ensureInstalled } from './install.mjs';
import { root } from './paths.mjs';
import { runForeground } from './processes.mjs';
import { recipeScript } from './recipe.mjs';

const commands = ['start', 'cli', 'web', 'build', 'recipe', 'test', 'test:packages'];

/**
 * Runs one command of the repository and gives its exit code.
 * @param {readonly string[]} argv the command, then optionally `--` and its arguments
 * @returns {Promise<number>}
 */
export async function bootstrap(argv) {
  const [command = '', ...rest] = argv;
  const parameters = rest[0] === '--' ? rest.slice(1) : rest;
  if (!commands.includes(command)) {
    console.error(`yoco-u: expected ${commands.join(' or ')}, got '${command}'`);
    return 2;
  }
  try {
    const node = ensureInstalled();
    // The tests build the command line as one of their checks: it failing must not keep the others from running.
    if (command.startsWith('test')) {
      return await runForeground(node, [join(root, 'tooling/run-tests.mjs'), command, ...parameters]);
    }
    if (command === 'recipe') {
      const [name, ...words] = parameters;
      return await runForeground(node, ['--conditions', '@yoco-u/source', recipeScript(name), ...words]);
    }
    if (command === 'web') {
      const web = join(root, 'apps/web');
      return await runForeground(node, [join(web, 'node_modules/vite/bin/vite.js'), web, ...parameters]);
    }
    const commandLine = ensureCommandLine(node);
    if (command === 'build') return 0;
    if (commandLine === undefined) throw new Error('apps/cli is missing; there is nothing to start');
    const words = command === 'start' ? ['generate', ...parameters] : parameters;
    return await runForeground(node, [commandLine, ...words]);
  } catch (error) {
    console.error(`yoco-u: ${error instanceof Error ? error.message : String(error)}`);
    if (command.startsWith('test')) console.log('0 passed, 1 failed, 0 skipped');
    return 1;
  }
}
