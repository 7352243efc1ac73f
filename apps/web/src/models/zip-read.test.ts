import { blobSource, type IncomingFile } from '@yoco-u/checkpoint';
import { CheckpointError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import { bundledFiles, replaced, zipOf } from './testing.ts';
import { listZipFiles } from './zip-read.ts';

const listed = (bytes: Uint8Array<ArrayBuffer>): Promise<readonly IncomingFile[]> =>
  listZipFiles(blobSource(new Blob([bytes]), 'model.zip'));

async function contentOf(file: IncomingFile, offset = 0): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of file.read(offset)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

describe('a zip file', () => {
  test.each(['', 'my model/', 'a/b/'])('gives the model in its folder %j, stored or deflated', async (folder) => {
    const files = new Map(await bundledFiles(folder));
    files.set(`${folder}README.md`, new Uint8Array(10));
    files.set(`${folder}deeper/config.json`, new Uint8Array(10));
    for (const level of [0, 6]) {
      const incoming = await listed(await zipOf(files, level));
      expect(incoming.map(({ name }) => name)).toEqual(['config.json', 'tokenizer.json', 'model.safetensors']);
      for (const file of incoming) {
        const expected = Buffer.from(files.get(`${folder}${file.name}`)!);
        expect(file.size).toBe(expected.length);
        for (const offset of [0, 7, file.size - 1, file.size]) {
          expect((await contentOf(file, offset)).equals(expected.subarray(offset))).toBe(true);
        }
      }
    }
  });

  test('that is none, cut short, or without a model is refused', async () => {
    const whole = await zipOf(await bundledFiles('m/'));
    await expect(listed(new Uint8Array(100))).rejects.toThrow(CheckpointError);
    await expect(listed(whole.slice(0, whole.length / 2))).rejects.toThrow(CheckpointError);
    const [headless] = await listed(whole.slice(whole.length / 2));
    await expect(contentOf(headless!)).rejects.toThrow(CheckpointError);
    await expect(listed(await zipOf(new Map([['a.txt', new Uint8Array(3)]])))).rejects.toThrow(/config.json/);
  });

  test('that leads out of its folder is refused', async () => {
    const zip = await zipOf(await bundledFiles('ab/'));
    await expect(listed(replaced(zip, 'ab/', '../'))).rejects.toThrow(CheckpointError);
    await expect(listed(replaced(zip, 'ab/c', '/ab/'))).rejects.toThrow(CheckpointError);
  });

  test('that expands beyond measure is refused, and one that hides it when it does', async () => {
    const size = 30_000_000;
    const files = new Map([
      ['config.json', new TextEncoder().encode('{}')],
      ['model.safetensors', new Uint8Array(size)],
    ]);
    const bomb = await zipOf(files, 9);
    await expect(listed(bomb)).rejects.toThrow(/at most 200 times/);
    const told = (value: number): string => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes.toString('latin1');
    };
    const liar = await listed(replaced(bomb, told(size), told(1000)));
    expect(liar[1]!.size).toBe(1000);
    let most = 0;
    const read = async (): Promise<void> => {
      for await (const piece of liar[1]!.read(0)) most += piece.length;
    };
    await expect(read()).rejects.toThrow(CheckpointError);
    expect(most).toBeLessThan(1_000_000);
  });

  test('whose content changed does not pass its checksum', async () => {
    const zip = await zipOf(await bundledFiles(''));
    const [config] = await listed(replaced(zip, '"hidden_size"', '"hidden_SIZE"'));
    await expect(contentOf(config!)).rejects.toThrow(CheckpointError);
  });
});
