import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError } from '@yoco-u/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../safetensors-read.ts';
import { tensorOf, type WritableTensor } from '../safetensors-write.ts';
import { floats, sampleFile, sampleTensors } from '../testing.ts';
import { removeAbandonedFiles, writeFileAtomically } from './atomic-write.ts';
import { openFileSource } from './file-source.ts';
import { writeSafetensors } from './write-safetensors.ts';

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('writeSafetensors', () => {
  test('writes what the encoder gives, and leaves no other file', async () => {
    await mkdir(at('one'));
    await writeSafetensors(at('one/m.safetensors'), sampleTensors(), { metadata: { format: 'pt', step: '12' } });
    expect(new Uint8Array(await readFile(at('one/m.safetensors')))).toEqual(await sampleFile());
    expect(await readdir(at('one'))).toEqual(['m.safetensors']);
  });

  test('keeps the old file and removes the new one if a tensor cannot be had', async () => {
    await mkdir(at('two'));
    await writeFile(at('two/m.safetensors'), 'old');
    const lost: WritableTensor = {
      ...tensorOf('lost', [1], floats(1)),
      read: () => Promise.reject(new Error('the device is gone')),
    };
    const write = writeSafetensors(at('two/m.safetensors'), [...sampleTensors(), lost]);
    await expect(write).rejects.toThrow('the device is gone');
    expect(await readFile(at('two/m.safetensors'), 'utf8')).toBe('old');
    expect(await readdir(at('two'))).toEqual(['m.safetensors']);
  });

  test('reads a file while it is replaced by itself', async () => {
    await writeSafetensors(at('self'), sampleTensors());
    const source = await openFileSource(at('self'));
    const { tensors } = await openSafetensors(source);
    await writeSafetensors(at('self'), tensors.values());
    expect(await tensors.get('model.embed.weight')?.read()).toEqual(floats(15));
    await source.close?.();
  });

  test('several writers of one name leave one whole file', async () => {
    const writers = Array.from({ length: 8 }, (_, i) =>
      writeFileAtomically(at('raced'), [new Uint8Array(100_003).fill(i)]),
    );
    await Promise.all(writers);
    const bytes = await readFile(at('raced'));
    expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
    expect(bytes.length).toBe(100_003);
  });

  test('a missing folder and a folder in the place of the file are CheckpointErrors', async () => {
    await mkdir(at('taken/inside'), { recursive: true });
    await expect(writeSafetensors(at('nowhere/m'), [])).rejects.toThrow(CheckpointError);
    await expect(writeSafetensors(at('taken'), [])).rejects.toThrow(CheckpointError);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

test('what killed writers left goes, and nothing else', async () => {
  await mkdir(at('left'));
  const others = [
    '.b.json.0123456789ab.tmp',
    '.a.json.0123456789.tmp',
    'a.json.0123456789ab.tmp',
    '.a.json.tmp',
    'a.json',
  ];
  for (const name of [...others, '.a.json.0123456789ab.tmp', '.a.json.ba9876543210.tmp']) {
    await writeFile(at(`left/${name}`), 'half');
  }
  await removeAbandonedFiles(at('left'), ['a.json', 'c.json']);
  expect((await readdir(at('left'))).sort()).toEqual([...others].sort());
  await removeAbandonedFiles(at('nowhere'), ['a.json']);
});

describe('openFileSource', () => {
  test('reads ranges, also through a link', async () => {
    await writeFile(at('digits'), '0123456789');
    await symlink(at('digits'), at('link'));
    const source = await openFileSource(at('link'));
    expect(source.size).toBe(10);
    expect(new TextDecoder().decode(await source.read(3, 4))).toBe('3456');
    const into = new Uint8Array(6);
    expect(await source.read(8, 2, into)).toEqual(Uint8Array.of(0x38, 0x39));
    expect(into[1]).toBe(0x39);
    await expect(source.read(8, 3)).rejects.toThrow('expected bytes 8 to 11, got a file of 10 bytes');
    await source.close?.();
  });

  test('a missing file and a directory are CheckpointErrors that name the path', async () => {
    await mkdir(at('directory'));
    for (const name of ['missing', 'directory', 'digits/below']) {
      const error = await openFileSource(at(name)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(CheckpointError);
      expect((error as Error).message).toContain(at(name));
    }
  });

  test.skipIf(process.platform === 'win32')('a pipe is a CheckpointError, and not waited for', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await expect(openFileSource(at('pipe'))).rejects.toThrow('something that is not a regular file');
  });

  test('a file that shrinks while it is read is a CheckpointError', async () => {
    await writeFile(at('shrinks'), new Uint8Array(1000));
    const source = await openFileSource(at('shrinks'));
    await truncate(at('shrinks'), 400);
    await expect(source.read(0, 1000)).rejects.toThrow(
      'expected the 1000 bytes it had when it was opened, got its end at byte 400',
    );
    await source.close?.();
  });
});
