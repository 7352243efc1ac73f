import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  chromiumPath,
  commandLineScores,
  commandLineWrites,
  launch,
  patience,
  type Site,
  seriousIssues,
  serveFiles,
  servePreview,
  tokensOn,
  visit,
} from './testing.ts';

const prompt = 'The old king looked at the sea and';

const sample =
  'The old man went home. '.repeat(9) +
  'He sat down by the fire and told his wife all that he had seen, and she was glad.';

const options = { skip: chromiumPath === undefined, timeout: 2 * patience };

describe('the built page (needs a Chromium; set CHROMIUM to its path)', options, () => {
  let browser: Browser;
  let site: Site;
  beforeAll(async () => {
    [browser, site] = await Promise.all([launch(), servePreview(inject('builtPage'))]);
  }, 2 * patience);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
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
    expect(Number(await meter.getAttribute('data-now'))).toBe(expected.usage.cacheBytes);
    expect(Number(await page.getByTestId('figures').getAttribute('data-bytes'))).toBe(expected.usage.cacheBytes);
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

  test('branches at any token with the likeliest others in view, and keeps both texts', async () => {
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await page.getByLabel('Prompt').fill(prompt);
    await page.getByTestId('max-tokens').fill('12');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    const [first] = await tokensOn(page);
    await page.locator('[data-index="4"]').click();
    const choices = page.getByTestId('next').locator('[data-choice]');
    const taken = page.getByTestId('next').locator(`[data-choice="${first![4]}"].taken`);
    await taken.waitFor();
    // the ten likeliest, and the one that was taken
    expect([10, 11]).toContain(await choices.count());
    // settings count at once: greedy leaves one
    await page.getByTestId('temperature').fill('0');
    await page.waitForFunction(() => document.querySelector('[data-probability="1"]') !== null);
    const other = await choices.evaluateAll(
      (buttons, known) =>
        buttons.map((button) => Number((button as HTMLElement).dataset.choice)).find((id) => id !== known)!,
      first![4],
    );
    await page.locator(`[data-choice="${other}"]`).click();
    await page.getByText('Finished.').waitFor();
    const [kept, branch] = await tokensOn(page);
    expect(kept).toEqual(first);
    expect(branch!.slice(0, 5)).toEqual([...first!.slice(0, 4), other]);
    expect(branch).toHaveLength(5 + 12);
    expect(complaints).toEqual([]);
  });

  test('looks inside: loss by depth as the command line has it, every round, and a head of either half', async () => {
    const expected = await commandLineScores(sample, 2);
    await using visited = await visit(browser, site.url);
    const { page, complaints } = visited;
    await page.getByRole('link', { name: 'Look inside' }).click();
    await page.getByTestId('look-text').fill(sample);
    const rows = page.getByTestId('rounds').locator('tbody tr');
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=losses] tr[data-loss]').length === 5);
    const losses = await page
      .getByTestId('losses')
      .locator('tr')
      .evaluateAll((each) => each.map((row) => Number((row as HTMLElement).dataset.loss)));
    expect(losses[1]).toBeCloseTo(expected, 4);
    expect(await rows.first().locator('td').count()).toBe(5);
    // the state moves less from round to round
    const moved = await page.getByTestId('moved').allTextContents();
    const shares = moved.slice(1).map((words) => Number(/\d+/.exec(words)![0]));
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));

    const last = (await rows.count()) - 1;
    expect(last).toBeGreaterThan(70);
    const seenBy = async (head: string): Promise<number> => {
      await page.locator(`[data-testid=attended][data-head="${head}"]`).waitFor();
      const weights = await page
        .getByTestId('attended')
        .locator('span')
        .evaluateAll((spans) => spans.map((span) => Number((span as HTMLElement).dataset.weight)));
      expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 4);
      return weights.filter((weight) => weight > 0).length;
    };
    await rows.nth(last).click();
    await page.getByTestId('iteration').selectOption({ value: '2' });
    expect(await seenBy('0.2.0.0')).toBe(64);
    await page.getByTestId('stage').selectOption({ value: '1' });
    expect(await seenBy('1.0.0.0')).toBe(last + 1);
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
    // a key pressed on what is still hidden is lost
    await page.getByTestId('length').waitFor();
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

  test('no view has a serious issue of access, in either appearance, and none is wider than a phone', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await using visited = await visit(browser, site.url, { viewport: { width: 360, height: 740 }, colorScheme });
      const { page } = visited;
      await page.getByTestId('max-tokens').fill('5');
      expect(await seriousIssues(page)).toEqual([]);
      // the tour begins with two depths
      await page.getByTestId('compare-depths').click();
      await page.getByText('Finished.').waitFor();
      expect((await tokensOn(page)).map(({ length }) => length)).toEqual([5, 5]);
      await page.locator('[data-choice]').first().waitFor();
      // what is folded is looked at too
      for (const summary of await page.locator('summary:visible').all()) await summary.click();
      for (const view of await page.getByRole('navigation').getByRole('link').all()) {
        await view.click();
        await page.locator('main h2:visible').first().waitFor();
        if ((await view.textContent()) === 'Look inside') {
          // a check of colours looks at every cell
          await page.getByTestId('look-text').fill('Once upon a time.');
          await page.waitForFunction(() => {
            const rows = document.querySelectorAll('[data-testid=rounds] tbody tr').length;
            return rows > 0 && rows < 9;
          });
        }
        expect(await seriousIssues(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      }
    }
  });

  test('starts from little, and nothing jumps', async () => {
    const context = await browser.newContext({ serviceWorkers: 'block' });
    const page = await context.newPage();
    const loaded: Promise<number>[] = [];
    page.on('response', (response) => {
      if (response.url().includes('/model/')) return;
      loaded.push(response.body().then((body) => gzipSync(body).length));
    });
    await page.addInitScript(() => {
      const shifts: number[] = [];
      Object.assign(globalThis, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as PerformanceEntry & { value: number }).value);
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(site.url);
    await page.getByTestId('where').waitFor();
    await page.getByTestId('max-tokens').fill('20');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    const bytes = (await Promise.all(loaded)).reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(400_000);
    const shifts = await page.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts);
    expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.1);
    await context.close();
  });

  test('without shared memory it works on one thread', async () => {
    await using files = await serveFiles(inject('builtPage'));
    await using visited = await visit(browser, files.url);
    const { page } = visited;
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(await page.getByTestId('where').textContent()).toContain('1 thread');
    await page.getByTestId('max-tokens').fill('3');
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
  });
});
