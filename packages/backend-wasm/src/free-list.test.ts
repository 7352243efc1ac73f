import { expect, test } from 'vitest';
import { createFreeList } from './free-list.ts';

test('the smallest block that fits is taken, and neighbours join when given back', () => {
  const list = createFreeList();
  list.give(0, 100);
  list.give(200, 40);
  list.give(300, 60);
  expect(list.take(40, 1)).toBe(200);
  expect(list.take(50, 1)).toBe(300);
  expect(list.take(101, 1)).toBeUndefined();
  list.give(100, 100);
  expect(list.take(200, 1)).toBe(0);
  list.give(100, 100);
  list.give(0, 100);
  expect(list.bytesEndingAt(200)).toBe(200);
  expect(list.bytesEndingAt(199)).toBe(0);
});

test('what lies before and after an aligned block stays free', () => {
  const list = createFreeList();
  list.give(10, 100);
  expect(list.take(60, 64)).toBeUndefined();
  expect(list.take(40, 64)).toBe(64);
  expect(list.take(54, 1)).toBe(10);
  expect(list.take(6, 1)).toBe(104);
  expect(list.take(1, 1)).toBeUndefined();
});

test('blocks taken at random never overlap, and all of them given back are one block again', () => {
  const list = createFreeList();
  const total = 1000;
  list.give(0, total);
  const taken: { address: number; bytes: number }[] = [];
  let state = 1;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 1;
    return state % limit;
  };
  for (let step = 0; step < 2000; step++) {
    const bytes = 1 + random(60);
    const address = random(2) === 0 ? list.take(bytes, 1) : undefined;
    if (address !== undefined) {
      expect(taken.every((other) => other.address + other.bytes <= address || address + bytes <= other.address)).toBe(
        true,
      );
      expect(address + bytes).toBeLessThanOrEqual(total);
      taken.push({ address, bytes });
    } else if (taken.length > 0) {
      const [block] = taken.splice(random(taken.length), 1);
      list.give(block!.address, block!.bytes);
    }
  }
  for (const { address, bytes } of taken) list.give(address, bytes);
  expect(list.take(total, 1)).toBe(0);
});
