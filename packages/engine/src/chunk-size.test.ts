import { expect, test } from 'vitest';
import { createChunkSizer } from './chunk-size.ts';

/** Rows of each chunk at a constant speed, and the longest that one took. */
function chunks(most: number, rowsPerMs: number, count: number, shared = false): { rows: number[]; longestMs: number } {
  const sizer = createChunkSizer(most);
  const rows: number[] = [];
  for (let i = 0; i < count; i++) {
    rows.push(sizer.next(shared));
    sizer.record(rows[i]!, rows[i]! / rowsPerMs);
  }
  return { rows, longestMs: Math.max(...rows.slice(1)) / rowsPerMs };
}

test.each([0.001, 0.05, 0.5, 3, 100])(
  'at %s rows a millisecond no chunk after the first takes 200 ms, but for eight rows',
  (speed) => {
    const { rows, longestMs } = chunks(256, speed, 12);
    expect(rows.every((count) => count >= 1 && count <= 256)).toBe(true);
    expect(longestMs <= 200 || rows.slice(1).every((count) => count === 8)).toBe(true);
  },
);

test.each([0.001, 0.05, 0.5, 3, 100])('at %s rows a millisecond others wait for 75 ms, or for eight rows', (speed) => {
  const { rows, longestMs } = chunks(256, speed, 12, true);
  expect(longestMs <= 75 || rows.slice(1).every((count) => count === 8)).toBe(true);
});

test('grows to the most that is allowed where it is fast', () => {
  expect(chunks(256, 100, 6).rows.at(-1)).toBe(256);
});

test('never asks for more rows than a program takes', () => {
  expect(chunks(5, 100, 6).rows.every((count) => count <= 5)).toBe(true);
});

test('takes half as long while others wait', () => {
  const sizer = createChunkSizer(256);
  for (let i = 0; i < 6; i++) sizer.record(sizer.next(false), sizer.next(false) / 0.8);
  expect([sizer.next(false), sizer.next(true)]).toEqual([120, 56]);
});
