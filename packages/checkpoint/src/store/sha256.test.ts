import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSha256 } from './sha256.ts';

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 37 + (i >> 3)) & 255);
const expected = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

test('is the hash of the platform, for every length around a block', () => {
  for (let length = 0; length <= 200; length++) {
    const hash = createSha256();
    hash.update(bytes.subarray(0, length));
    expect(hash.digest()).toBe(expected(bytes.subarray(0, length)));
  }
});

test.each([1, 7, 63, 64, 65, 129, 1000])('does not depend on the pieces, of %i bytes', (piece) => {
  const hash = createSha256();
  for (let at = 0; at < bytes.length; at += piece) hash.update(bytes.subarray(at, at + piece));
  expect(hash.digest()).toBe(expected(bytes));
});
