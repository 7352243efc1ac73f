import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const packages = join(import.meta.dirname, '../..');
const builders = readdirSync(packages)
  .map((name) => ({ name, folder: join(packages, name) }))
  .filter(({ folder }) => existsSync(join(folder, 'package.json')))
  .map(({ name, folder }) => ({
    name,
    folder,
    script: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts?.['build:wasm'] as
      | string
      | undefined,
  }))
  .filter(({ script }) => script !== undefined);

describe('the committed modules are what their sources give', () => {
  test.each(builders)('$name', ({ folder, script }) => {
    const path = [join(folder, 'node_modules/.bin'), process.env.PATH].join(delimiter);
    const check = script!.replaceAll('yoco-assembly', 'yoco-assembly --check');
    const run = () => execFileSync('sh', ['-c', check], { cwd: folder, env: { ...process.env, PATH: path } });
    expect(String(run())).toContain('up to date');
  });
});
