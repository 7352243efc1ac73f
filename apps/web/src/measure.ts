/**
 * Measures the built page in Chromium: what the first load takes, when the model is there, and how long the main thread is blocked
 * while texts are written.
 *
 *   node --conditions @yoco-u/source apps/web/src/measure.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildPage, launch, patience, servePreview } from './testing.ts';

interface Observed {
  readonly longTasks: number[];
  readonly shifts: number[];
}

const folder = await mkdtemp(join(tmpdir(), 'yoco-u-measure-'));
try {
  await buildPage(folder);
  await using site = await servePreview(folder);
  const browser = await launch();
  for (let visit = 1; visit <= 3; visit++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    const loaded: Promise<number>[] = [];
    page.on('response', (response) => {
      if (!response.url().includes('/model/')) loaded.push(response.body().then((body) => gzipSync(body).length));
    });
    await page.addInitScript(() => {
      const observed: Observed = { longTasks: [], shifts: [] };
      Object.assign(globalThis, { observed });
      const watch = (type: string, note: (entry: PerformanceEntry) => void): void =>
        new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
      watch('longtask', ({ duration }) => observed.longTasks.push(duration));
      watch('layout-shift', (entry) => observed.shifts.push((entry as PerformanceEntry & { value: number }).value));
    });
    await page.goto(site.url);
    await page.getByTestId('write').waitFor();
    const ready = await page.evaluate(() => performance.now());
    const bytes = (await Promise.all(loaded)).reduce((sum, size) => sum + size, 0);
    const observedBy = (): Promise<Observed> =>
      page.evaluate(() => (globalThis as unknown as { observed: Observed }).observed);
    const atStart = (await observedBy()).longTasks.length;
    await page.getByTestId('max-tokens').fill('300');
    for (const depth of ['1 iteration', '5 iterations']) {
      await page.getByRole('checkbox', { name: depth, exact: true }).check();
    }
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    const { longTasks, shifts } = await observedBy();
    console.log({
      visit,
      gzipBytes: bytes,
      readyMs: Math.round(ready),
      longTasksAtStartMs: longTasks.slice(0, atStart),
      longTasksWritingMs: longTasks.slice(atStart),
      layoutShift: shifts.reduce((sum, shift) => sum + shift, 0),
      figures: await page.getByTestId('figures').allTextContents(),
    });
    await context.close();
  }
  await browser.close();
} finally {
  await rm(folder, { recursive: true });
}
