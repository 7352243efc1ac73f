/** One process at a time trains in a folder. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@yoco-u/spec';

const lockFile = '.lock';

/** Held until disposed. What a dead process left is taken over. Throws `ConfigError` where a live one trains, or no file can be written. */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, lockFile);
  const own = `${process.pid} ${await startOf(process.pid)}`;
  for (;;) {
    try {
      await writeFile(path, own, { flag: 'wx' });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        // a full disk may have taken the name and not the text
        await rm(path, { force: true }).catch(() => undefined);
        throw cannotWrite(folder, error);
      }
    }
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (await isAlive(holder)) {
      throw new ConfigError({
        where: folder,
        expected: 'a folder that nobody trains in',
        got: `one that process ${holder.split(' ')[0]} trains in`,
        fix: `end that process, or name another folder`,
      });
    }
    await rm(path, { force: true });
  }
}

export function cannotWrite(folder: string, cause: unknown): ConfigError {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError(
    { where: folder, expected: 'a folder that can be written', got, fix: 'name another' },
    { cause },
  );
}

/** Ids come round again: a process is the same only if it started at the same time. */
async function isAlive(holder: string): Promise<boolean> {
  const [id, started] = holder.split(' ');
  const number = Number(id);
  if (!Number.isInteger(number) || number < 1) return false;
  try {
    process.kill(number, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return (await startOf(number)) === (started ?? '');
}

/** Clock ticks from the start of the machine, where the system tells; empty elsewhere. */
async function startOf(id: number): Promise<string> {
  const line = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  // the name before it, in parentheses, may hold spaces
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
