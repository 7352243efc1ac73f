/** Helpers of this package's tests. */
import type { ByteSource } from './byte-source.ts';
import { encodeSafetensors, tensorOf, type WritableTensor } from './safetensors-write.ts';

/** Seeded numbers in [0, 1), 32 bits (Marsaglia's xorshift). */
export function createRandom(seed: number): () => number {
  let state = (seed * 2654435761 + 1) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A file from a header text and data bytes, however wrong the header is. */
export function fileOf(header: string | Uint8Array, dataBytes = 0, length?: number | bigint): Uint8Array<ArrayBuffer> {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  file.set(text, 8);
  for (let i = 0; i < dataBytes; i++) file[8 + text.length + i] = i;
  return file;
}

export function floats(elements: number, seed = 1): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: elements }, () => random() * 4 - 2);
}

/** One small tensor of every type, odd sizes, a scalar and an empty one. */
export function sampleTensors(): WritableTensor[] {
  return [
    tensorOf('model.embed.weight', [5, 3], floats(15)),
    tensorOf('half', [3, 7], floats(21, 2), 'F16'),
    tensorOf('brain', [2, 1, 3], floats(6, 3), 'BF16'),
    tensorOf('double', [3], floats(3, 4), 'F64'),
    tensorOf('ids', [2, 2], Int32Array.of(-7, 2147483647, -2147483648, 0), 'I64'),
    tensorOf('positions', [3], Int32Array.of(1, -2, 3)),
    tensorOf('flags', [5], Int32Array.of(0, 255, 1, 7, 128), 'U8'),
    tensorOf('scalar', [], Float32Array.of(0.5)),
    tensorOf('empty', [0, 4], new Float32Array(0)),
  ];
}

export function sampleFile(): Promise<Uint8Array<ArrayBuffer>> {
  return encodeSafetensors(sampleTensors(), { metadata: { format: 'pt', step: '12' } });
}

/** A source that reports every read. */
export function watched(source: ByteSource, onRead: (offset: number, length: number) => void): ByteSource {
  return {
    ...source,
    read(offset, length, into) {
      onRead(offset, length);
      return source.read(offset, length, into);
    },
  };
}
