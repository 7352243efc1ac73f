import { playwright } from '@vitest/browser-playwright';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { findChromium } from './chromium.ts';

/** Every test that needs a browser. */
export const browserTests = '**/*.browser.test.ts';
/** Those that want a page as most servers send it: not isolated, without shared memory. */
const plainTests = '**/*.plain.browser.test.ts';

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

/** Naming a condition replaces Vite's own for browsers, so they are repeated here. */
const conditions = ['@yoco-u/source', 'module', 'browser', 'development|production'];

/** Shared memory, and so threads, exist only in a cross-origin isolated page. */
const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * The vitest projects `browser` (isolated pages) and `browser-plain`: the browser tests in headless Chromium, or, where
 * there is none, one skipped test for each of their files.
 */
export function browserProjects(): readonly TestProjectInlineConfiguration[] {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    return [{ extends: true, test: { name: 'browser', include: ['tooling/vitest-browser/missing.test.ts'] } }];
  }
  return [
    project('browser', executablePath, isolationHeaders, [browserTests], [plainTests]),
    project('browser-plain', executablePath, {}, [plainTests], []),
  ];
}

function project(
  name: string,
  executablePath: string,
  headers: Readonly<Record<string, string>>,
  include: string[],
  exclude: readonly string[],
): TestProjectInlineConfiguration {
  return {
    extends: true,
    resolve: { conditions },
    server: { headers },
    test: {
      name,
      include,
      exclude: [...exclude, '**/node_modules/**', '**/dist/**'],
      testTimeout: 300_000,
      hookTimeout: 300_000,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        instances: [{ browser: 'chromium' }],
        provider: playwright({ launchOptions: { executablePath, args: chromiumArguments } }),
      },
    },
  };
}
