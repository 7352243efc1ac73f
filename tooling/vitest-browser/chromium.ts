import { existsSync } from 'node:fs';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The path of a Chromium to test with: `CHROMIUM` in the environment, or one in its usual place; else undefined. */
export function findChromium(): string | undefined {
  const chosen = process.env.CHROMIUM;
  return (chosen === undefined ? candidates : [chosen]).find((path) => existsSync(path));
}
