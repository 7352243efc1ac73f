import { CheckpointError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { memorySource } from './byte-source.ts';
import { openSafetensors } from './safetensors-read.ts';
import { createRandom, sampleFile } from './testing.ts';

const rounds = 6000;

/** Opens and reads everything; anything thrown that is not a CheckpointError fails the test. */
async function outcome(bytes: Uint8Array): Promise<'read' | 'refused'> {
  try {
    const { tensors } = await openSafetensors(memorySource(bytes, 'fuzz'));
    for (const entry of tensors.values()) {
      const values = await entry.read();
      expect(values.length).toBe(entry.shape.reduce((product, size) => product * size, 1));
    }
    return 'read';
  } catch (error) {
    if (error instanceof CheckpointError && error.message.includes('fuzz')) return 'refused';
    throw error;
  }
}

const interesting = [
  '-1',
  '0',
  '1e3',
  '2.5',
  '9007199254740993',
  '1e999',
  'null',
  '"x"',
  '[]',
  '{}',
  '"__proto__"',
  '[0,0]',
  '\u0000',
];

test(`${rounds} mutations of a valid file are read or refused with a CheckpointError`, async () => {
  const valid = await sampleFile();
  const headerEnd = 8 + new DataView(valid.buffer).getUint32(0, true);
  const header = new TextDecoder().decode(valid.subarray(8, headerEnd));
  const random = createRandom(2026);
  const below = (limit: number) => Math.floor(random() * limit);

  const flipBytes = () => {
    const bytes = valid.slice();
    for (let i = below(4); i >= 0; i--) bytes[below(random() < 0.8 ? headerEnd : bytes.length)] = below(256);
    return bytes;
  };
  const truncate = () => valid.slice(0, below(valid.length));
  const extend = () => new Uint8Array([...valid, ...new Uint8Array(1 + below(20))]);
  const remove = () => {
    const start = below(valid.length);
    return new Uint8Array([...valid.subarray(0, start), ...valid.subarray(start + 1 + below(12))]);
  };
  const lengthField = () => {
    const bytes = valid.slice();
    bytes.set(Uint8Array.from({ length: 8 }, () => (random() < 0.6 ? 0 : below(256))));
    return bytes;
  };
  /** Replaces one token of the header and corrects the length, so that the JSON rules are reached. */
  const rewrite = () => {
    const tokens = header.match(/"[^"]*"|-?\d+|[[\]{},:]|\s+/g) ?? [];
    for (let i = below(3); i >= 0; i--) {
      const replacement = random() < 0.5 ? interesting[below(interesting.length)] : tokens[below(tokens.length)];
      tokens[below(tokens.length)] = replacement;
    }
    const text = new TextEncoder().encode(tokens.join(''));
    const bytes = new Uint8Array(8 + text.length + valid.length - headerEnd);
    new DataView(bytes.buffer).setUint32(0, text.length, true);
    bytes.set(text, 8);
    bytes.set(valid.subarray(headerEnd), 8 + text.length);
    return bytes;
  };

  const mutations = [flipBytes, truncate, extend, remove, lengthField, rewrite, rewrite];
  const counts = { read: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) counts[await outcome(mutations[round % mutations.length]())]++;
  expect(counts.read).toBeGreaterThan(0);
  expect(counts.refused).toBeGreaterThan(rounds / 2);
});
