/** Cross-origin isolation on hosts that send no headers for it. */

/** One try a tab: a page that cannot be isolated works on one thread. */
const tried = 'yoco-u.isolation-tried';

/** True when the page is about to load again, through a service worker that adds the headers. */
export async function becomeIsolated(): Promise<boolean> {
  if (globalThis.crossOriginIsolated || !('serviceWorker' in navigator)) return false;
  try {
    if (sessionStorage.getItem(tried) !== null) return false;
    sessionStorage.setItem(tried, 'yes');
    const registration: ServiceWorkerRegistration | undefined =
      await navigator.serviceWorker.register('isolation-worker.js');
    const worker = registration?.active ?? registration?.waiting ?? registration?.installing;
    if (!worker || !(await becomesActive(worker))) return false;
  } catch {
    // private windows and embedded pages forbid it
    return false;
  }
  location.reload();
  return true;
}

function becomesActive(worker: ServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (worker.state === 'activated') resolve(true);
      if (worker.state === 'redundant') resolve(false);
    };
    worker.addEventListener('statechange', look);
    look();
  });
}
