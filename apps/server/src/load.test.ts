import type { Serving } from '@yoco-u/server/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runLoad } from './load.ts';
import { serveBundledModel } from './testing.ts';

let serving: Serving;
beforeAll(async () => {
  serving = await serveBundledModel();
  await serving.server.warmUp();
});
afterAll(() => serving.stop(0));

describe('a load with broken, broken off and slowly read requests', () => {
  test('is answered to the last request, and leaves nothing behind', async () => {
    const requests = 300;
    const load = { url: serving.url, model: 'bundled', requests, connections: 16, seed: 5 };
    const { answered, aborted, failed } = await runLoad(load);
    expect(failed).toEqual([]);
    expect(Object.keys(answered)).toEqual(['200', '400']);
    const counted = Object.values(answered).reduce((sum, count) => sum + count, 0) + aborted;
    expect(counted).toBe(requests);
    expect(aborted).toBeGreaterThan(20);
    const slots = async () => (await (await fetch(`${serving.url}/slots`)).json()) as { is_processing: boolean }[];
    while ((await slots()).some((slot) => slot.is_processing));
    const metrics = await (await fetch(`${serving.url}/metrics`)).text();
    expect(metrics).toContain('vllm:num_requests_running{model_name="bundled"} 0');
    expect(metrics).toContain('vllm:num_requests_waiting{model_name="bundled"} 0');
    const left = Number(/status="aborted"\} (\d+)/.exec(metrics)?.[1] ?? 0);
    expect(left).toBeLessThanOrEqual(aborted);
  });
});
