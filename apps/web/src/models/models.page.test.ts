import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { chromiumPath, launch, patience, type Site, seriousIssues, servePreview, tokensOn, visit } from '../testing.ts';
import { bundled, bundledFiles, headerOf, replaced, serveElsewhere, zipOf } from './testing.ts';

const options = { skip: chromiumPath === undefined, timeout: 2 * patience };

describe('models of the visitor’s own (needs a Chromium; set CHROMIUM to its path)', options, () => {
  let folder: string;
  let browser: Browser;
  let site: Site;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yoco-u-models-page-'));
    [browser, site] = await Promise.all([launch(), servePreview(inject('builtPage'))]);
  }, 2 * patience);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const openView = (page: Page) => page.getByRole('link', { name: 'Models' }).click();
  const noteOf = (page: Page) => page.getByTestId('models-note');

  async function writes(page: Page): Promise<readonly number[]> {
    await page.getByRole('link', { name: 'Generate' }).click();
    await page.getByTestId('max-tokens').fill('3');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    await openView(page);
    return (await tokensOn(page))[0]!;
  }

  test('a download is cancelled, gone on with, kept over a reload, and deleted', async () => {
    await using elsewhere = await serveElsewhere();
    await using visited = await visit(browser, site.url, { viewport: { width: 360, height: 740 } });
    const { page } = visited;
    const expected = await writes(page);
    elsewhere.holds = true;
    await page.getByTestId('address').fill(elsewhere.address);
    await page.getByTestId('address').press('Enter');
    await page.getByTestId('taking').getByText('2.05 MiB of 3.84 MiB').waitFor();
    await page.getByTestId('cancel').press('Enter');
    await page.getByTestId('kept').getByText('2.05 MiB of 3.84 MiB').waitFor();
    expect(await seriousIssues(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);

    elsewhere.holds = false;
    elsewhere.ranges.length = 0;
    await page.getByRole('button', { name: 'Resume model' }).press('Enter');
    await noteOf(page).getByText('kept in this browser').waitFor();
    // headers are looked at again, the rest is asked for from where it ended
    expect(elsewhere.ranges.filter((range) => range !== 'bytes=0-65535')).toEqual([`bytes=${2 ** 21}-3975287`]);
    expect(await writes(page)).toEqual(expected);

    await page.reload();
    elsewhere.ranges.length = 0;
    await page.getByRole('button', { name: 'Open model' }).click();
    await noteOf(page).getByText('kept in this browser').waitFor();
    expect(elsewhere.ranges).toEqual([]);

    // another version of the same size is not mixed with it, and bytes that are not its server's are refused
    elsewhere.version = '"2"';
    elsewhere.digest = `sha-256=:${'A'.repeat(43)}=:`;
    await page.getByTestId('address').fill(elsewhere.address);
    await page.getByTestId('address').press('Enter');
    await page.getByTestId('models-problem').getByText('SHA-256').waitFor();
    expect(elsewhere.ranges).not.toContain(`bytes=${2 ** 21}-3975287`);
    await page.getByRole('button', { name: 'Delete model' }).click();
    await page.getByTestId('kept').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Back to the bundled model' }).click();
    await page.getByTestId('at-hand').getByText('the bundled model').waitFor();
  });

  test('a folder is chosen and a zip file dropped, without keeping them', async () => {
    const zip = await zipOf(await bundledFiles('stories/'), 6);
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await openView(page);
    await page.getByTestId('keep').uncheck();
    await page.getByTestId('pick-folder').setInputFiles(bundled);
    await noteOf(page).getByText('model is at hand until the page is closed.').waitFor();
    await writes(page);
    // another model of the same name does not go on with the texts of this one
    await page.getByTestId('pick-folder').setInputFiles(bundled);
    await page.waitForFunction(() => document.querySelector('[data-token]') === null);
    const dropped = await page.evaluateHandle((bytes) => {
      const transfer = new DataTransfer();
      const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([content], 'stories.zip'));
      return transfer;
    }, Buffer.from(zip).toString('base64'));
    await page.getByTestId('drop').dispatchEvent('drop', { dataTransfer: dropped });
    await noteOf(page).getByText('stories.zip is at hand until the page is closed.').waitFor();
    await writes(page);
    expect(await page.getByTestId('kept').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('without room the model is used from memory, and the page says so', async () => {
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await openView(page);
    const tools = await page.context().newCDPSession(page);
    const { origin } = new URL(site.url);
    await tools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 });
    await page.getByTestId('address').fill('model');
    await page.getByTestId('open-address').click();
    await noteOf(page).getByText('no room to keep it').waitFor();
    await writes(page);
    expect(await page.getByTestId('kept').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('what is no model is refused with a reason, and the page goes on', async () => {
    const files = new Map(await bundledFiles('m/'));
    const zip = await zipOf(files);
    const [config, weights] = ['m/config.json', 'm/model.safetensors'].map((name) => files.get(name)!);
    const withFile = (name: string, bytes: Uint8Array) => zipOf(new Map([...files, [name, bytes]]), 9);
    const hostile: readonly (readonly [string, Uint8Array, RegExp])[] = [
      ['cut.zip', zip.slice(0, zip.length / 2), /a zip file that can be read/],
      ['slip.zip', replaced(zip, 'm/config.json', '../onfig.json'), /a zip file that can be read/],
      ['bomb.zip', await withFile('m/model.safetensors', new Uint8Array(20_000_000)), /at most 200 times/],
      ['header.zip', await withFile('m/model.safetensors', headerOf(2n ** 62n)), /model.safetensors.*bytes/],
      ['short.zip', await withFile('m/model.safetensors', weights!.slice(0, -7)), /model.safetensors/],
      [
        'sizes.zip',
        await withFile('m/config.json', replaced(config!, '"hidden_size": ', '"hidden_size": 9')),
        /config/,
      ],
    ];
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await openView(page);
    for (const [name, bytes, reason] of hostile) {
      const path = join(folder, 'hostile', name);
      await mkdir(join(folder, 'hostile'), { recursive: true });
      await writeFile(path, bytes);
      await page.getByTestId('pick-zip').setInputFiles(path);
      await page.getByTestId('models-problem').getByText(reason).waitFor();
      expect(await page.getByTestId('kept').count()).toBe(0);
    }
    await page.getByTestId('address').fill('http://');
    await page.getByTestId('address').press('Enter');
    await page.getByTestId('models-problem').getByText('http://: expected an address').waitFor();
    await writes(page);
    await page.getByTestId('pick-zip').setInputFiles({
      name: 'good.zip',
      mimeType: 'application/zip',
      buffer: Buffer.from(zip),
    });
    await noteOf(page).getByText('good.zip is at hand, and kept in this browser.').waitFor();
    expect(await page.getByTestId('models-problem').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
