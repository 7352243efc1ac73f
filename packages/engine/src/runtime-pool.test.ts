import { CapacityError } from '@yoco-u/spec';
import { describe, expect, test } from 'vitest';
import type { Runtime } from './runtime.ts';
import { createRuntimePool } from './runtime-pool.ts';

const ownIterations = 3;
const iterationBytes = 2 ** 25;

/** A pool whose runtimes take 32 MiB an iteration, on a device of so many times that; `events` says what comes and goes. */
function createPool(deviceSize = Number.POSITIVE_INFINITY, unit = iterationBytes) {
  const events: string[] = [];
  const busy = new Set<Runtime>();
  let taken = 0;
  const create = async (iterations: number): Promise<Runtime> => {
    const allocatedBytes = unit * iterations;
    if (taken + allocatedBytes > deviceSize * unit) throw new CapacityError('no room');
    taken += allocatedBytes;
    events.push(`+${iterations}`);
    const dispose = (): void => {
      taken -= allocatedBytes;
      events.push(`-${iterations}`);
    };
    return { allocatedBytes, [Symbol.dispose]: dispose } as Partial<Runtime> as Runtime;
  };
  const start = async () => {
    const own = await create(ownIterations);
    const bytesOf = (iterations: number): number => unit * iterations;
    return createRuntimePool({ own, ownIterations, create, bytesOf, isBusy: (runtime) => busy.has(runtime) });
  };
  return { events, busy, start };
}

describe('runtimes', () => {
  test('are made once, and at other counts kept while they take no more than the own one', async () => {
    const { events, start } = createPool();
    const pool = await start();
    for (const iterations of [undefined, 1, 2, 1, 3, 2]) (await pool.use(iterations))[Symbol.dispose]();
    expect(events).toEqual(['+3', '+1', '+2']);
    expect(pool.ready).toHaveLength(3);
    await pool.dispose();
    expect(events.slice(3)).toEqual(['-3', '-1', '-2']);
  });

  test('beyond that make room, the longest unused first', async () => {
    const { events, start } = createPool();
    const pool = await start();
    for (const iterations of [1, 2, 1, 2.5, 8]) (await pool.use(iterations))[Symbol.dispose]();
    expect(events).toEqual(['+3', '+1', '+2', '-2', '-1', '+2.5', '-2.5', '+8']);
    expect(pool.ready.map(({ allocatedBytes }) => allocatedBytes / iterationBytes)).toEqual([3, 8]);
  });

  test('of small models are all kept', async () => {
    const { events, start } = createPool(Number.POSITIVE_INFINITY, 2 ** 20);
    const pool = await start();
    for (const iterations of [1, 2, 4, 5, 6]) (await pool.use(iterations))[Symbol.dispose]();
    expect(events).toEqual(['+3', '+1', '+2', '+4', '+5', '+6']);
  });

  test('in use stay, and go when they are not any more', async () => {
    const { events, busy, start } = createPool();
    const pool = await start();
    const [first, second, again] = await Promise.all([pool.use(2), pool.use(4), pool.use(2)]);
    expect(again.runtime).toBe(first.runtime);
    first[Symbol.dispose]();
    expect(events).toEqual(['+3', '+2', '+4']);
    // whose sequences run on, although nobody waits for them
    busy.add(second.runtime);
    second[Symbol.dispose]();
    again[Symbol.dispose]();
    expect(events).toEqual(['+3', '+2', '+4']);
    busy.clear();
    (await pool.use(4))[Symbol.dispose]();
    expect(events).toEqual(['+3', '+2', '+4', '-2']);
  });

  test('that are idle make room where memory does not suffice; without any it is an error', async () => {
    const { events, start } = createPool(5.5);
    const pool = await start();
    (await pool.use(1))[Symbol.dispose]();
    const lease = await pool.use(2);
    expect(events).toEqual(['+3', '+1', '-1', '+2']);
    await expect(pool.use(1)).rejects.toThrow(CapacityError);
    lease[Symbol.dispose]();
    (await pool.use(1))[Symbol.dispose]();
    expect(events.slice(4)).toEqual(['-2', '+1']);
  });
});
