import { playwright } from '@vitest/browser-playwright';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { findChromium } from './chromium.ts';
import { crashGpuProcess } from './commands.ts';

/** Every test that needs a browser. */
export const browserTests = '**/*.browser.test.ts';
/** Those that want a page as most servers send it: not isolated, without shared memory. */
const plainTests = '**/*.plain.browser.test.ts';
/** Those that crash the GPU process: in a browser where no other test runs. */
const crashTests = '**/*.crash.browser.test.ts';

/** WebGPU without a GPU (SwiftShader), in a container without user namespaces, without traffic of its own. */
const chromiumArguments = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
];

/** A browser whose GPU process crashed may try again, as often as it likes. */
const afterCrashes = ['--disable-gpu-process-crash-limit', '--disable-domain-blocking-for-3d-apis'];

/** Naming a condition replaces Vite's own for browsers, so they are repeated here. */
const conditions = ['@yoco-u/source', 'module', 'browser', 'development|production'];

/** Shared memory, and so threads, exist only in a cross-origin isolated page. */
const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * The vitest projects `browser` (isolated pages), `browser-plain` and `browser-crash`: the browser tests in headless Chromium, or,
 * where there is none, one skipped test for each of their files.
 */
export function browserProjects(): readonly TestProjectInlineConfiguration[] {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    return [{ extends: true, test: { name: 'browser', include: ['tooling/vitest-browser/missing.test.ts'] } }];
  }
  const others = [plainTests, crashTests];
  return [
    project({ name: 'browser', headers: isolationHeaders, include: browserTests, exclude: others }, executablePath),
    project({ name: 'browser-plain', include: plainTests }, executablePath),
    project({ name: 'browser-crash', include: crashTests, flags: afterCrashes }, executablePath),
  ];
}

interface ProjectOptions {
  readonly name: string;
  readonly include: string;
  readonly exclude?: readonly string[];
  /** Headers of all answers of the test server. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of Chromium, besides those of all projects. */
  readonly flags?: readonly string[];
}

function project(options: ProjectOptions, executablePath: string): TestProjectInlineConfiguration {
  const { name, include, exclude = [], headers = {}, flags = [] } = options;
  return {
    extends: true,
    resolve: { conditions },
    server: { headers },
    test: {
      name,
      include: [include],
      exclude: [...exclude, '**/node_modules/**', '**/dist/**', 'examples/**'],
      testTimeout: 300_000,
      hookTimeout: 300_000,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        instances: [{ browser: 'chromium' }],
        commands: { crashGpuProcess },
        provider: playwright({ launchOptions: { executablePath, args: [...chromiumArguments, ...flags] } }),
      },
    },
  };
}
