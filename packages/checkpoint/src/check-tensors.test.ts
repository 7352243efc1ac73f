import { CheckpointError } from '@yoco-u/spec';
import { expect, test } from 'vitest';
import { checkTensors } from './check-tensors.ts';

const tensors = (...list: readonly (readonly [string, readonly number[]])[]) =>
  list.map(([name, shape]) => ({ name, shape }));
const folder = (...list: readonly (readonly [string, readonly number[]])[]) => ({
  name: 'models/small',
  tensors: new Map(list.map(([name, shape]) => [name, { shape }])),
});

test('accepts exactly the expected tensors, in any order', () => {
  expect(() => checkTensors(tensors(['a', [2, 3]], ['b', []]), folder(['b', []], ['a', [2, 3]]))).not.toThrow();
});

test('lists missing, extra and misshapen tensors in one error', () => {
  const check = () =>
    checkTensors(tensors(['a', [2, 3]], ['b', [4]], ['c', []]), folder(['a', [3, 2]], ['d', [1]], ['c', [1]]));
  expect(check).toThrow(CheckpointError);
  expect(check).toThrow(
    'models/small: expected the 3 tensors of its config, got 1 missing ("b"), 1 extra ("d"), ' +
      '2 of another shape ("a" [3,2] instead of [2,3], "c" [1] instead of []); config and weights belong to different models',
  );
});

test('shows the first five of many and counts the rest', () => {
  const many = Array.from({ length: 1234 }, (_, i) => [`t${i}`, [1]] as const);
  expect(() => checkTensors(tensors(...many), folder())).toThrow(
    '1234 missing ("t0", "t1", "t2", "t3", "t4", … 1229 more)',
  );
});
