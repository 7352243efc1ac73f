/** Golden models in Chromium, on WebGPU: one forward pass, prefill in chunks, and token by token. */
import { httpFiles, openModelFolder, openSafetensors } from '@yoco-u/checkpoint';
import { loadPartsFrom, type ModelParts } from '@yoco-u/yoco-u';
import { expect, test } from 'vitest';
import { chunkedPrefill, fullForward, tokenByToken } from './forward-checks.ts';
import type { Golden } from './golden.ts';
import { magnitude, tensorError } from './tensor-error.ts';

async function readGolden(folder: URL): Promise<Golden> {
  const { tensors } = await openSafetensors((await httpFiles(folder).open('io.safetensors'))!);
  const floats = (name: string): Promise<Float32Array> => tensors.get(name)!.readFloat32();
  const integers = (name: string): Promise<Int32Array> => tensors.get(name)!.readInt32();
  const rows = async (name: string): Promise<Int32Array[]> => {
    const [count, length] = tensors.get(name)!.shape as [number, number];
    const all = await integers(name);
    return Array.from({ length: count }, (_, row) => all.subarray(row * length, (row + 1) * length));
  };
  const logits = await floats('logits');
  return {
    tokens: await rows('tokens'),
    targets: await rows('targets'),
    logits,
    loss: (await floats('loss'))[0]!,
    prompt: await integers('prompt'),
    greedy: await integers('greedy'),
    largest: magnitude(logits),
  };
}

/** Vite looks at this expression: it allows no name in it, and takes the slash from its end. */
const root = new URL('../../../../fixtures/golden/', import.meta.url);
const folderOf = (name: string): URL => new URL(`${root.href.replace(/\/$/, '')}/${name}/`);

test.each(['transformer', 'yoco_u', 'yoco_u_gated_retention'])('%s: the logits recorded', async (name) => {
  const url = folderOf(name);
  const golden = await readGolden(url);
  await using folder = await openModelFolder(url);
  await using parts: ModelParts = await loadPartsFrom(folder, { backend: 'webgpu' });
  const subject = { ...parts, golden };
  for (const way of [fullForward, chunkedPrefill, tokenByToken]) {
    expect(tensorError(await way(subject), golden.logits, golden.largest), way.name).toBeLessThan(1e-4);
  }
});
