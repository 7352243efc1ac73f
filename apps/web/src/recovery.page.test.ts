import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { chromiumPath, launch, patience, type Site, servePreview, tokensOn, visit } from './testing.ts';

const options = { skip: chromiumPath === undefined, timeout: 3 * patience };

describe('the page on a GPU (needs a Chromium; set CHROMIUM to its path)', options, () => {
  let browser: Browser;
  let site: Site;
  beforeAll(async () => {
    [browser, site] = await Promise.all([launch('--enable-unsafe-webgpu'), servePreview(inject('builtPage'))]);
  }, 2 * patience);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  test('moves to the GPU without a reload, and a crash of the GPU process interrupts a text at most', async () => {
    await using visited = await visit(browser, site.url);
    const { page } = visited;
    await page.getByTestId('max-tokens').fill('3');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    const [onCpu] = await tokensOn(page);
    await page.getByTestId('where').click();
    await page.getByRole('radio', { name: 'GPU' }).check();
    await page.waitForFunction(() => document.querySelector('[data-testid=where]')!.textContent!.includes('webgpu'));
    // what was written is still there
    expect(await tokensOn(page)).toEqual([onCpu]);

    await page.getByTestId('max-tokens').fill('60');
    await page.getByTestId('write').click();
    await page.waitForFunction(() => document.querySelectorAll('[data-token]').length > 3);
    const [before] = await tokensOn(page);
    const session = await browser.newBrowserCDPSession();
    // the browser may go down with it for a moment, and answer nothing
    session.send('Browser.crashGpuProcess').catch(() => {});
    await page.getByTestId('notice').waitFor();
    await page.getByText('Finished.').waitFor();
    const [after] = await tokensOn(page);
    expect(after).toHaveLength(60);
    expect(after!.slice(0, before!.length)).toEqual(before);
    expect(await page.getByTestId('notice').textContent()).toMatch(/went on/);
  });
});
