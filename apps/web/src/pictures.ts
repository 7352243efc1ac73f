/**
 * Takes the pictures of the page for the documents: each view at three widths in both appearances, as WebP.
 *
 *   node --conditions @yoco-u/source apps/web/src/pictures.ts
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { buildPage, launch, servePreview, visit } from './testing.ts';

const target = join(import.meta.dirname, '../../../docs/pictures/web');
const widths = [360, 768, 1280];
const appearances = ['light', 'dark'] as const;
/** Larger pictures would weigh on every clone. */
const mostBytes = 150_000;

/** What is to be seen in each view. */
const views: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async generate(page) {
    await page.getByLabel('Prompt').fill('The old king looked at the sea and');
    await page.getByTestId('max-tokens').fill('60');
    await page.getByRole('checkbox', { name: '1 iteration', exact: true }).check();
    await page.getByTestId('write').click();
    await page.getByText('Finished.').waitFor();
    await page.locator('[data-testid=column] [data-index="6"]').last().click();
    await page.locator('[data-choice]').first().waitFor();
  },
  async look(page) {
    await page.locator('[data-row="22"]').click();
    await page.waitForFunction(() => document.querySelectorAll('[data-loss]').length === 5);
    await page.getByTestId('attended').waitFor();
  },
  async memory(page) {
    await page.getByTestId('length').waitFor();
  },
  async train(page) {
    await page.getByRole('button', { name: 'Take the sample' }).click();
    await page.getByTestId('text-size').getByText('KiB').waitFor();
    await page.getByLabel('Size').selectOption('2');
    await page.getByLabel('Steps').fill('60');
    await page.getByTestId('compare').click();
    await page.locator('[data-testid=runs] tbody tr').nth(2).waitFor();
    await page.getByText('Trained.').waitFor();
  },
  async models(page) {
    await page.getByTestId('address').fill('model');
    await page.getByTestId('open-address').click();
    await page.getByTestId('models-note').getByText('kept in this browser').waitFor();
  },
};

/** The picture as WebP, at the best quality that is small enough. */
async function asWebp(page: Page, png: Buffer): Promise<Buffer> {
  for (const quality of [0.8, 0.65, 0.5]) {
    const address = await page.evaluate(
      async ([source, q]) => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = image.width;
        canvas.height = image.height;
        canvas.getContext('2d')!.drawImage(image, 0, 0);
        return canvas.toDataURL('image/webp', q);
      },
      [`data:image/png;base64,${png.toString('base64')}`, quality] as const,
    );
    const webp = Buffer.from(address.split(',')[1]!, 'base64');
    if (webp.length < mostBytes) return webp;
  }
  throw new Error(`expected pictures below ${mostBytes} bytes, got larger ones at the least quality`);
}

const folder = await mkdtemp(join(tmpdir(), 'yoco-u-pictures-'));
await mkdir(target, { recursive: true });
try {
  await buildPage(folder);
  await using site = await servePreview(folder);
  const browser = await launch();
  const blank = await (await browser.newContext()).newPage();
  for (const colorScheme of appearances) {
    for (const width of widths) {
      await using visited = await visit(browser, site.url, { viewport: { width, height: 800 }, colorScheme });
      const { page } = visited;
      for (const [view, prepare] of Object.entries(views)) {
        await page.goto(`${site.url}#${view}`);
        await page.locator(`#view-${view} h2`).waitFor();
        await prepare(page);
        // transitions end
        await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
        const png = await page.screenshot({ fullPage: true });
        const name = `${view}-${width}-${colorScheme}.webp`;
        const webp = await asWebp(blank, png);
        await writeFile(join(target, name), webp);
        if (process.argv[2] !== undefined) await writeFile(join(process.argv[2], name.replace('.webp', '.png')), png);
        console.log(`${name} ${webp.length} bytes`);
      }
      if (visited.complaints.length > 0) console.error(visited.complaints);
    }
  }
  await browser.close();
} finally {
  await rm(folder, { recursive: true });
}
