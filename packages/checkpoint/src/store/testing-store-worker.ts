/** A worker that takes a model into its store, breaks off, goes on, finds it again and removes it. For tests only. */

import { memoryFiles } from '../model-files.ts';
import { openModelFolder } from '../model-folder.ts';
import { encodeModelFolder } from '../model-folder-files.ts';
import { tensorOf } from '../safetensors-write.ts';
import { floats } from '../testing.ts';
import { listIncomingFiles } from './incoming-files.ts';
import { openModelStore } from './model-store.ts';

async function live(): Promise<unknown> {
  const store = (await openModelStore('yoco-u-test'))!;
  const tensors = [tensorOf('weight', [701, 1000], floats(701_000))];
  const content = await encodeModelFolder({ config: { model_type: 'example' }, tensors });
  const files = (await listIncomingFiles(memoryFiles(content))).map((file) => ({ ...file, version: '1' }));
  const options = { name: 'example' };
  const controller = new AbortController();
  const onProgress = (done: number): void => {
    if (done > 2 ** 21) controller.abort(new Error('enough'));
  };
  const broken = await store.add(files, { ...options, signal: controller.signal, onProgress }).catch(String);
  const [partial] = await store.list();
  const { stored } = await store.add(files, options);
  const [whole] = await store.list();
  await using folder = await openModelFolder(await store.open(whole!.id));
  const values = await folder.tensors.get('weight')!.readFloat32();
  await store.remove(whole!.id);
  return {
    broken,
    partial: partial!.storedBytes > 2 ** 21 && !partial!.complete,
    stored,
    complete: whole!.complete && whole!.storedBytes === whole!.totalBytes,
    same: values.length === 701_000 && floats(701_000).every((value, index) => value === values[index]),
    left: (await store.list()).length,
  };
}

live().then(postMessage, (error: unknown) => postMessage(String(error)));
