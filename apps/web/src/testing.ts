/** The built page, served in both ways, a real browser, and the command line. For tests only. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { preview } from 'vite';

const run = promisify(execFile);
const web = join(import.meta.dirname, '..');
const configFile = join(web, 'vite.config.ts');
const commandLineScript = join(web, '../cli/src/main.ts');

/** Milliseconds that a busy machine may take for a step. */
export const patience = 120_000;

/** Undefined where there is none. */
export const chromiumPath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path !== undefined && existsSync(path),
);

/** `more` are arguments of Chromium. */
export async function launch(...more: readonly string[]): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({
    executablePath: chromiumPath!,
    args: ['--no-sandbox', '--disable-quic', ...quiet, ...more],
  });
}

export async function buildPage(outDir: string): Promise<void> {
  // in a process of its own: the test runner's environment would make it a development build
  const vite = join(web, 'node_modules/vite/bin/vite.js');
  const env = { ...process.env, NODE_ENV: 'production' };
  await run(process.execPath, [vite, 'build', web, '--outDir', outDir, '--emptyOutDir'], { env });
}

export interface Site extends AsyncDisposable {
  readonly url: string;
}

/** The built page with the headers that isolate it. */
export async function servePreview(outDir: string): Promise<Site> {
  const server = await preview({
    configFile,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1', open: false },
  });
  const { port } = server.httpServer.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: () => server.close() };
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** The built page as a host sends it that knows nothing but files, under a path of its own. */
export async function serveFiles(outDir: string): Promise<Site> {
  const server = createServer(async (request, response) => {
    const name = request.url!.replace(/^\/demo\/?/, '') || 'index.html';
    try {
      const content = await readFile(join(outDir, name));
      response.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream' }).end(content);
    } catch {
      // a page that says so, and not the browser's
      response.writeHead(404, { 'content-type': 'text/plain' }).end('none');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/demo/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of, and requests to elsewhere. */
  readonly complaints: readonly string[];
}

/** Opens the page and waits until the model is there. Service workers are blocked unless the options allow them: they keep megabytes. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ serviceWorkers: 'block', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    const isComplaint = ['error', 'warning'].includes(message.type());
    // what this tool says of the option above
    if (isComplaint && !text.startsWith('Service Worker registration blocked')) complaints.push(text);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  context.on('request', (request) => {
    if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
      complaints.push(request.url());
    }
  });
  // a page that failed to draw itself would only be waited for
  const broken = new Promise<never>((_, reject) => page.on('pageerror', reject));
  broken.catch(() => {});
  await page.goto(url);
  await Promise.race([page.getByTestId('where').waitFor(), broken]);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

export interface Writing {
  readonly tokens: readonly number[];
  readonly usage: { readonly cacheBytes: number };
}

/** What the command line writes. */
export async function commandLineWrites(options: Readonly<Record<string, string | number>>): Promise<Writing> {
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return JSON.parse(await commandLine('generate', '--json', ...given));
}

/** Bits per byte of a text at a depth, by the command line. */
export async function commandLineScores(text: string, iterations: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'yoco-u-score-'));
  try {
    const file = join(folder, 'text.txt');
    await writeFile(file, text);
    const printed = await commandLine('score', '--json', '--text-file', file, '--iterations', `${iterations}`);
    return JSON.parse(printed).bitsPerByte;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the command line prints. */
export async function commandLine(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--conditions', '@yoco-u/source', commandLineScript, ...words]);
  return stdout;
}

/** Token ids of each text on the page, left to right. */
export function tokensOn(page: Page): Promise<number[][]> {
  return page
    .getByTestId('column')
    .evaluateAll((columns) =>
      columns.map((column) =>
        Array.from(column.querySelectorAll<HTMLElement>('[data-token]'), ({ dataset }) => Number(dataset.token)),
      ),
    );
}

/** What keeps people out, by axe: its rules with the places that break them. */
export async function seriousIssues(page: Page): Promise<readonly unknown[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}
