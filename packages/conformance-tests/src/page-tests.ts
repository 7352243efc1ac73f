/** The tests of both kinds of page. */
import { findFaults } from '@yoco-u/conformance/checks';
import { describe, expect, test } from 'vitest';
import { type PageBackend, pageSuites } from './page-suites.ts';
import type { PageWorkerResult } from './page-worker.ts';

/** Tests of the page's own thread and of a dedicated worker, on WASM and on WebGPU. */
export function describePage(isolated: boolean): void {
  describe.each<PageBackend>(['wasm', 'webgpu'])(`%s in a page that is ${isolated ? '' : 'not '}isolated`, (name) => {
    test('keeps the contracts in the window', async () => {
      expect(globalThis.crossOriginIsolated).toBe(isolated);
      expect(await findFaults(pageSuites(name))).toEqual([]);
    });

    test('keeps the contracts in a dedicated worker', async () => {
      const worker = new Worker(new URL('./page-worker.ts', import.meta.url), { type: 'module' });
      try {
        const { checks, faults } = await new Promise<PageWorkerResult>((resolve, reject) => {
          worker.addEventListener('message', ({ data }) => resolve(data));
          worker.addEventListener('error', ({ message }) => reject(new Error(message)));
          worker.postMessage(name);
        });
        expect(faults).toEqual([]);
        expect(checks).toBeGreaterThan(80);
      } finally {
        worker.terminate();
      }
    });
  });
}
