import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  chromiumPath,
  commandLine,
  launch,
  patience,
  type Site,
  seriousIssues,
  servePreview,
  tokensOn,
  visit,
} from '../testing.ts';

/** What `inspect` tells of the model, then of others. */
interface System {
  readonly parameters: number;
}

const options = { skip: chromiumPath === undefined, timeout: 3 * patience };

describe('training in the page (needs a Chromium; set CHROMIUM to its path)', options, () => {
  let folder: string;
  let browser: Browser;
  let site: Site;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yoco-u-train-page-'));
    [browser, site] = await Promise.all([launch('--enable-unsafe-webgpu'), servePreview(inject('builtPage'))]);
  }, 2 * patience);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function openForm(page: Page, steps: number): Promise<void> {
    await page.getByRole('link', { name: 'Train' }).click();
    await page.getByRole('button', { name: 'Take the sample' }).click();
    await page.getByTestId('text-size').getByText('KiB').waitFor();
    await page.getByLabel('Size').selectOption('2');
    await page.getByLabel('Steps').fill(`${steps}`);
  }

  test('trains 50 steps with a falling loss, pauses, and the command line takes what is downloaded', async () => {
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await openForm(page, 50);
    await page.getByTestId('train').click();
    await page.getByTestId('pause').click();
    await page.getByText('Paused.').waitFor();
    await page.getByTestId('pause').click();
    await page.getByText('Trained.').waitFor();
    const row = page.locator('tr[data-architecture=yoco_u]');
    expect(await page.getByTestId('sample').textContent()).toMatch(/\S/);
    const [trained, held] = await row.locator('td.number').nth(1).or(row.locator('td.number').nth(2)).allTextContents();
    // a fresh model guesses among 512 tokens of some two bytes: above four bits a byte
    expect(Number(trained)).toBeLessThan(3.6);
    expect(Number(held)).toBeLessThan(3.6);
    expect(await page.getByTestId('chart').getAttribute('aria-label')).toContain(`${trained} bits per byte`);

    const waiting = page.waitForEvent('download');
    await row.getByRole('button', { name: /^Download/ }).click();
    const download = await waiting;
    const model = await unpack(await download.path(), folder);
    const { systems } = JSON.parse(await commandLine('inspect', model, '--json')) as { systems: System[] };
    await page.getByText(`${systems[0]!.parameters.toLocaleString('en')} parameters · 50 steps`).waitFor();
    const choice = ['--prompt', 'Call me', '--max-tokens', '20', '--seed', '7'];
    const written = await commandLine('generate', model, '--json', ...choice);
    const { tokens } = JSON.parse(written) as { tokens: number[] };

    await row.getByRole('button', { name: /^Write with/ }).click();
    await page.getByLabel('Prompt').fill('Call me');
    await page.getByTestId('max-tokens').fill('20');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    expect(tokens).toHaveLength(20);
    expect(await tokensOn(page)).toEqual([tokens]);
    expect(complaints).toEqual([]);
  });

  test('compares three architectures at the same compute, and stops', async () => {
    await using visited = await visit(browser, site.url, { viewport: { width: 360, height: 740 } });
    const { page, complaints } = visited;
    await openForm(page, 6);
    await page.getByTestId('compare').click();
    const finished = page.locator('[data-testid=runs] tbody tr');
    await finished.nth(2).waitFor();
    await page.getByText('Trained.').waitFor();
    const compute = await finished.locator('td.number:nth-of-type(1)').allTextContents();
    const flops = compute.map((text) => Number.parseFloat(text));
    expect(await finished.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.architecture))).toEqual([
      'yoco_u',
      'yoco',
      'transformer',
    ]);
    // a step more or less of about ten
    for (const value of flops) expect(Math.abs(value / flops[0]! - 1)).toBeLessThan(0.15);

    await page.getByLabel('Steps').fill('5000');
    await page.getByTestId('train').click();
    await page.getByTestId('train-figures').getByText('bits per byte').waitFor();
    await page.getByTestId('stop').click();
    await page.getByText('Stopped.').waitFor();
    await page.getByRole('button', { name: 'Forget YOCO-U, T = 3 · run 4' }).click();
    expect(await finished.count()).toBe(3);
    expect(await seriousIssues(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(complaints).toEqual([]);
  });

  test('takes a step on WebGPU', async () => {
    await using visited = await visit(browser, site.url);
    const { page } = visited;
    await openForm(page, 1);
    await page.getByLabel('Runs on').selectOption('webgpu');
    await page.getByTestId('train').click();
    await page.getByText('Trained.').waitFor();
    await page
      .getByTestId('run')
      .getByText(/webgpu/)
      .waitFor();
    // an untrained model guesses: nine bits for each token of some two bytes
    const figures = await page.getByTestId('train-figures').textContent();
    expect(Number(/([\d.]+) bits per byte/.exec(figures!)![1])).toBeLessThan(6);
  });

  test('says what is wrong with a text, trains on the next, and shows what a gated head still holds', async () => {
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await openForm(page, 1);
    await page.getByLabel('Text to learn from').fill('Too short.');
    await page.getByTestId('train').click();
    expect(await page.getByTestId('run').getByRole('alert').textContent()).toContain('tokens');
    await page.getByRole('button', { name: 'Take the sample' }).click();
    await page.getByTestId('text-size').getByText('KiB').waitFor();
    await page.getByLabel('Lower half keeps').selectOption('state');
    await page.getByTestId('train').click();
    await page.getByText('Trained.').waitFor();

    await page.getByRole('button', { name: 'Write with it: YOCO-U, T = 3, fading state · run 2' }).click();
    await page.waitForURL('**/#generate');
    await page.getByRole('link', { name: 'Look inside' }).click();
    await page.getByTestId('look-text').fill('Call me Ishmael.');
    const attended = page.locator('[data-testid=attended][data-kind=held]');
    await attended.waitFor();
    await page.locator('[data-row="4"]').click();
    const weights = await attended
      .locator('span')
      .evaluateAll((spans) => spans.map((span) => Number((span as HTMLElement).dataset.weight)));
    const held = weights.slice(0, 5);
    // gates that learned little keep about sigmoid(0)^(1/16) of the state at each token: 0.84 of the first
    expect(held[0]).toBeGreaterThan(0.5);
    expect(held[0]).toBeLessThan(0.98);
    expect(held).toEqual(held.toSorted((a, b) => a - b));
    expect(held[4]).toBe(1);
    expect(weights.slice(5).every((weight) => weight === 0)).toBe(true);
    await page.getByTestId('stage').selectOption('1');
    await page.locator('[data-testid=attended][data-kind=taken]').waitFor();
    expect(complaints).toEqual([]);
  });
});

/** Writes the one folder of a zip file, and returns its path. */
async function unpack(zip: string, into: string): Promise<string> {
  const reader = new ZipReader(new Uint8ArrayReader(new Uint8Array(await readFile(zip))), { useWebWorkers: false });
  const entries = await reader.getEntries();
  for (const entry of entries) {
    if (entry.directory) continue;
    const path = join(into, entry.filename);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await entry.getData(new Uint8ArrayWriter()));
  }
  return join(into, dirname(entries[0]!.filename));
}
