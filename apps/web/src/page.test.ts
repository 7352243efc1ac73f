import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildPage,
  chromiumPath,
  commandLineWrites,
  launch,
  patience,
  type Site,
  serveFiles,
  servePreview,
  tokensOn,
  visit,
} from './testing.ts';

const prompt = 'The old king looked at the sea and';

const options = { skip: chromiumPath === undefined, timeout: 2 * patience };

describe('the built page (needs a Chromium; set CHROMIUM to its path)', options, () => {
  let folder: string;
  let browser: Browser;
  let site: Site;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yoco-u-web-'));
    await buildPage(folder);
    [browser, site] = await Promise.all([launch(), servePreview(folder)]);
  }, 2 * patience);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('writes the tokens that the command line writes, and counts their cache alike', async () => {
    const expected = await commandLineWrites({ prompt, seed: 11, temperature: 0.7, 'max-tokens': 60 });
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.getByLabel('Prompt').fill(prompt);
    await page.getByTestId('seed').fill('11');
    await page.getByTestId('temperature').fill('0.7');
    await page.getByTestId('max-tokens').fill('60');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    expect(await tokensOn(page)).toEqual([expected.tokens]);
    const meter = page.locator('[data-system="YOCO-U"]');
    expect(Number(await meter.getAttribute('data-bytes'))).toBe(expected.usage.cacheBytes);
    expect(complaints).toEqual([]);
  });

  test('writes at several depths side by side, each as the command line does at that depth', async () => {
    const expected = [];
    for (const iterations of [1, 3, 5]) {
      expected.push((await commandLineWrites({ prompt, seed: 7, 'max-tokens': 25, iterations })).tokens);
    }
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await page.getByLabel('Prompt').fill(prompt);
    await page.getByTestId('max-tokens').fill('25');
    await page.getByRole('checkbox', { name: '5 iterations' }).check();
    await page.getByRole('checkbox', { name: '1 iteration', exact: true }).check();
    expect(await page.getByRole('checkbox', { name: '2 iterations' }).isDisabled()).toBe(true);
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    expect(await tokensOn(page)).toEqual(expected);
    expect(complaints).toEqual([]);
  });

  test('stops midway, and writes again', async () => {
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await page.getByTestId('max-tokens').fill('2000');
    await page.evaluate(() => {
      const button = document.querySelector<HTMLButtonElement>('[data-testid=write]')!;
      const observer = new MutationObserver(() => {
        if (document.querySelector('[data-token]') === null) return;
        observer.disconnect();
        button.click();
      });
      observer.observe(document.body, { subtree: true, childList: true });
      button.click();
    });
    await page.getByText('Stopped.').waitFor();
    const [tokens] = await tokensOn(page);
    expect(tokens!.length).toBeGreaterThan(0);
    expect(tokens!.length).toBeLessThan(2000);
    await page.getByTestId('max-tokens').fill('5');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    const [again] = await tokensOn(page);
    expect(again).toHaveLength(5);
    expect(again!.slice(0, tokens!.length)).toEqual(tokens!.slice(0, 5));
    expect(complaints).toEqual([]);
  });

  test('shows what is wrong with a request, and goes on', async () => {
    await using visited = await visit(browser, site.url);
    const { page } = visited;
    await page.getByLabel('Prompt').fill('x '.repeat(5000));
    await page.getByTestId('write').click();
    await page.getByText('Failed.').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('context');
    await page.getByLabel('Prompt').fill(prompt);
    await page.getByTestId('max-tokens').fill('3');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
  });

  test('shows the memory of a million tokens, and works by keyboard at 360 pixels', async () => {
    await using visited = await visit(browser, site.url, {
      viewport: { width: 360, height: 740 },
      colorScheme: 'dark',
    });
    const { page, complaints } = visited;
    await page.getByRole('link', { name: 'Memory' }).press('Enter');
    await page.getByTestId('length').press('End');
    const bytesOf = async (name: string) =>
      Number(await page.locator(`[data-system="${name}"]`).getAttribute('data-bytes'));
    const million = 2 ** 20;
    // keys and values of six layers, 2 heads of 40, float32; YOCO-U: of one, and 3 x 3 windows of 64
    const layer = 2 * 4 * 2 * 40;
    expect(await bytesOf('Transformer')).toBe(6 * layer * million);
    expect(await bytesOf('YOCO-U')).toBe(layer * (million + 9 * 64));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(complaints).toEqual([]);
  });

  test('on a host without headers, a service worker isolates it', async () => {
    await using files = await serveFiles(folder);
    await using visited = await visit(browser, files.url);
    const { page } = visited;
    await page.waitForFunction(() => crossOriginIsolated);
    await page.getByTestId('where').waitFor();
    await page.getByTestId('max-tokens').fill('3');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
  });

  test('without shared memory it works on one thread', async () => {
    await using files = await serveFiles(folder);
    await using visited = await visit(browser, files.url, { serviceWorkers: 'block' });
    const { page } = visited;
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(await page.getByTestId('where').textContent()).toContain('1 thread');
    await page.getByTestId('max-tokens').fill('3');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
  });
});
