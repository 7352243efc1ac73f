/** What tests in a browser can ask of the process that started it. */
import { defineBrowserCommand } from '@vitest/browser-playwright';

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** Kills the process that every page's WebGPU devices live in. Returns before the pages are told. */
    crashGpuProcess(): Promise<void>;
  }
}

/** For projects of a browser of their own: all of its pages lose their devices. */
export const crashGpuProcess = defineBrowserCommand(async ({ context }) => {
  const session = await context.browser()!.newBrowserCDPSession();
  try {
    // the answer would come from the process that is gone
    await Promise.race([session.send('Browser.crashGpuProcess'), new Promise((resolve) => setTimeout(resolve, 1000))]);
  } finally {
    await session.detach().catch(() => undefined);
  }
});
