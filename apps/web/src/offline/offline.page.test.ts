import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { chromiumPath, launch, patience, serveFiles, visit } from '../testing.ts';

const options = { skip: chromiumPath === undefined, timeout: 2 * patience };

describe('the page on a host of files alone (needs a Chromium; set CHROMIUM to its path)', options, () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yoco-u-offline-'));
    // one test makes another version of it
    await cp(inject('builtPage'), folder, { recursive: true });
    browser = await launch();
  }, 2 * patience);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  async function writes(page: Page): Promise<void> {
    await page.getByTestId('max-tokens').fill('3');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
  }

  /** Of the service workers that serve the page, and that wait to do so. */
  function statesOf(page: Page): Promise<(string | undefined)[]> {
    return page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration('/demo/');
      return [registration?.active?.state, registration?.waiting?.state];
    });
  }

  test('is isolated, and works without the host after the first visit, parts loaded late included', async () => {
    const files = await serveFiles(folder);
    await using visited = await visit(browser, files.url, { serviceWorkers: 'allow' });
    const { page } = visited;
    await page.waitForFunction(() => crossOriginIsolated);
    await page.getByTestId('kept-page').waitFor();
    await files[Symbol.asyncDispose]();
    await expect(fetch(files.url)).rejects.toThrow();
    await page.context().setOffline(true);
    await page.reload();
    await page.getByTestId('where').waitFor();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await writes(page);
    await page.getByRole('link', { name: 'Models' }).click();
    await page.getByTestId('drop').waitFor();
    await page.getByRole('link', { name: 'Train' }).click();
    await page.getByRole('button', { name: 'Take the sample' }).click();
    await page.getByTestId('text-size').getByText('KiB').waitFor();
    await page.getByLabel('Size').selectOption('2');
    await page.getByLabel('Steps').fill('1');
    await page.getByTestId('train').click();
    await page.getByText('Trained.').waitFor();
  });

  test('takes the place of an older version when no page of that is open', async () => {
    await using files = await serveFiles(folder);
    await using visited = await visit(browser, files.url, { serviceWorkers: 'allow' });
    const { page } = visited;
    await page.getByTestId('kept-page').waitFor();
    const change = async (name: string, from: RegExp, to: string): Promise<void> => {
      const path = join(folder, name);
      await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
    };
    await change('index.html', /<title>[^<]*/, '<title>A newer version');
    await change('service-worker.js', /"version":"[^"]*"/, '"version":"newer"');
    await page.reload();
    await page.getByTestId('where').waitFor();
    expect(await page.title()).not.toBe('A newer version');
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect.poll(() => statesOf(page), { timeout: patience }).toEqual(['activated', 'installed']);
    const next = await page.context().newPage();
    await page.close();
    // the same origin, and no page of the worker's
    await next.goto(new URL('/elsewhere', files.url).href);
    await expect.poll(() => statesOf(next), { timeout: patience }).toEqual(['activated', undefined]);
    expect(await next.evaluate(() => caches.keys())).toHaveLength(1);
    await next.goto(files.url);
    expect(await next.title()).toBe('A newer version');
    await next.getByTestId('where').waitFor();
  });
});
