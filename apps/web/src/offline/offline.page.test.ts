import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { chromiumPath, launch, patience, seriousIssues, serveFiles, visit } from '../testing.ts';

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

  test('takes the place of an older version when no page of that is open, or when the only one asks for it', async () => {
    await using files = await serveFiles(folder);
    await using visited = await visit(browser, files.url, { serviceWorkers: 'allow' });
    const { page } = visited;
    await page.getByTestId('kept-page').waitFor();
    const change = async (name: string, from: RegExp, to: string): Promise<void> => {
      const path = join(folder, name);
      await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
    };
    const release = async (version: string): Promise<void> => {
      await change('index.html', /<title>[^<]*/, `<title>${version}`);
      await change('service-worker.js', /"version":"[^"]*"/, `"version":"${version}"`);
    };
    await release('Second');
    await page.reload();
    await page.getByTestId('where').waitFor();
    expect(await page.title()).not.toBe('Second');
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect.poll(() => statesOf(page), { timeout: patience }).toEqual(['activated', 'installed']);
    const next = await page.context().newPage();
    await page.close();
    // the same origin, and no page of the worker's
    await next.goto(new URL('/elsewhere', files.url).href);
    await expect.poll(() => statesOf(next), { timeout: patience }).toEqual(['activated', undefined]);
    expect(await next.evaluate(() => caches.keys())).toHaveLength(1);
    await next.goto(files.url);
    expect(await next.title()).toBe('Second');
    await next.getByTestId('kept-page').waitFor();
    expect(await next.getByTestId('newer').count()).toBe(0);

    await release('Third');
    await next.evaluate(async () => (await navigator.serviceWorker.ready).update());
    const notice = next.getByTestId('newer');
    await notice.waitFor();
    expect(await seriousIssues(next)).toEqual([]);
    const other = await next.context().newPage();
    await other.goto(files.url);
    await notice.getByRole('button').press('Enter');
    await notice.getByText('Close the other tabs').waitFor();
    await other.close();
    await notice.getByRole('button').press('Enter');
    await next.waitForFunction(() => document.title === 'Third');
    await next.getByTestId('where').waitFor();
    expect(await next.evaluate(() => caches.keys())).toHaveLength(1);
  });
});
