import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatMilliseconds } from './format.ts';

test.each([
  [0, '0 bytes'],
  [1023, '1,023 bytes'],
  [1024, '1.00 KiB'],
  [401_234, '392 KiB'],
  [3_221_225_472, '3.00 GiB'],
  [2 ** 60, '1,050,000 TiB'],
])('%i bytes read %s', (bytes, words) => {
  expect(formatBytes(bytes)).toBe(words);
});

test('counts have separators, and long times are seconds', () => {
  expect(formatCount(1048576.2)).toBe('1,048,576');
  expect([formatMilliseconds(12.6), formatMilliseconds(12_340)]).toEqual(['13 ms', '12.3 s']);
});
