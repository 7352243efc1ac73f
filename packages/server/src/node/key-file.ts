/** API keys in a file: a name and a hash a line, never a key. */
import { appendFile, readFile } from 'node:fs/promises';
import { ConfigError } from '@yoco-u/spec';
import { type ApiKey, createApiKey, hashApiKey } from '../api-keys.ts';

const entry = /^(?<name>[\w.-]{1,64}):(?<sha256>[0-9a-f]{64})$/;

/** Keys of a file: lines `name:sha256`, empty ones, and comments behind #. Throws `ConfigError` that names the line, not what it holds. */
export async function readKeyFile(path: string): Promise<ApiKey[]> {
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/);
  const keys = lines.flatMap((line, index): ApiKey[] => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const { name, sha256 } = entry.exec(line.trim())?.groups ?? {};
    if (name !== undefined && sha256 !== undefined) return [{ name, sha256 }];
    throw new ConfigError({
      where: `${path}: line ${index + 1}`,
      expected: 'a name and the SHA-256 of a key: name:64 hexadecimal digits',
      got: 'something else',
      fix: 'make lines with `yoco-u api-key`',
    });
  });
  if (keys.length > 0) return keys;
  throw new ConfigError({
    where: path,
    expected: 'at least one key',
    got: 'none',
    fix: 'make one with `yoco-u api-key`',
  });
}

/** Makes a key, adds its hash to the file (readable by its owner alone where it is new), and returns the key: it cannot be read again. */
export async function addKey(path: string, name: string): Promise<string> {
  const key = createApiKey();
  const line = `${name}:${await hashApiKey(key)}`;
  if (!entry.test(line)) {
    throw new ConfigError({
      where: 'name of the key',
      expected: 'letters, digits, ., _ and -, 64 at most',
      got: `'${name}'`,
    });
  }
  await appendFile(path, `${line}\n`, { mode: 0o600 });
  return key;
}
