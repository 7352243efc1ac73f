/** One process at a time trains in a folder. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ConfigError } from '@yoco-u/spec';

/** The name tells all: a file that is there is whole. One of a dead process can be removed by anybody, as no other gets its name. */
const lockName = /^\.lock-(?<id>\d+)-(?<started>\d*)-[0-9a-f]+$/;
/** Of several that come at once, each may see another and step back: they come again, not all at once. */
const attempts = 5;
const mostDelayMs = 50;

/**
 * Held until disposed. What a dead process left is removed. Throws `ConfigError` where a live one trains, or no file can be
 * written. Processes that do not see each other (on two machines, in two containers) are not kept apart.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const name = `.lock-${process.pid}-${await startOf(process.pid)}-${randomBytes(6).toString('hex')}`;
  const path = join(folder, name);
  for (let attempt = 1; ; attempt++) {
    // first written, then looked for others: of two, one at least sees the other
    await writeFile(path, '').catch((cause) => {
      throw cannotWrite(folder, cause);
    });
    const other = await findOther(folder, name);
    if (other === undefined) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    await rm(path, { force: true });
    if (attempt === attempts) {
      const fix = `end that process, or name another folder; if it does not train, remove ${join(folder, other.name)}`;
      const got = `one that process ${other.id} trains in`;
      throw new ConfigError({ where: folder, expected: 'a folder that nobody trains in', got, fix });
    }
    await setTimeout(mostDelayMs * Math.random());
  }
}

export function cannotWrite(folder: string, cause: unknown): ConfigError {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError(
    { where: folder, expected: 'a folder that can be written', got, fix: 'name another' },
    { cause },
  );
}

/** Another lock, of a live process. */
async function findOther(
  folder: string,
  own: string,
): Promise<{ readonly name: string; readonly id: number } | undefined> {
  for (const name of await readdir(folder)) {
    const { id, started } = lockName.exec(name)?.groups ?? {};
    if (id === undefined || name === own) continue;
    if (await isAlive(Number(id), started!)) return { name, id: Number(id) };
    await rm(join(folder, name), { force: true });
  }
  return undefined;
}

/** Ids come round again: a process is the same only if it started at the same time. */
async function isAlive(id: number, started: string): Promise<boolean> {
  try {
    process.kill(id, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  // of others' processes the system may tell nothing
  return ['', started].includes(await startOf(id));
}

/** Clock ticks from the start of the machine, where the system tells; empty elsewhere. */
async function startOf(id: number): Promise<string> {
  const line = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  // the name before it, in parentheses, may hold spaces
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
