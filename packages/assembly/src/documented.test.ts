/** The kernel in `docs/writing-a-kernel.md`, compiled with the command that stands there. */
import { readFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';
import { expect, test } from 'vitest';
import { checkModule } from './check-module.ts';

test('the documented command makes a module that keeps the rules', async () => {
  const page = await readFile(new URL('../../../docs/writing-a-kernel.md', import.meta.url), 'utf8');
  const source = /```ts\n\/\/ (assembly\/\S+)\n([\s\S]*?)```/.exec(page)!;
  const command = /```sh\nasc (.*)\n/.exec(page)!;
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const messages: string[] = [];
  const { error } = await asc.main(command[1]!.split(' '), {
    stderr: { write: (text) => void messages.push(String(text)) },
    readFile: (name) => (name === source[1] ? source[2]! : null),
    listFiles: () => [],
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') bytes = new Uint8Array(contents);
    },
  });
  expect([error, ...messages]).toEqual([null]);
  checkModule(bytes!, { name: 'documented', table: false });

  const { instance } = await WebAssembly.instantiate(bytes!, {
    env: { memory: new WebAssembly.Memory({ initial: 1 }) },
  });
  expect(Object.keys(instance.exports)).toEqual(['squared_relu']);
});
