/** The page's side of its service worker: isolation on hosts that send no headers for it, and life without a network. */

/** One try a tab: a page that cannot be isolated works on one thread. */
const tried = 'yoco-u.isolation-tried';

/** The development server sends the headers, and nothing that may be kept. */
const canRegister = import.meta.env.PROD && 'serviceWorker' in navigator;

/** True when the page is about to load again, through a service worker that adds the headers. */
export async function becomeIsolated(): Promise<boolean> {
  if (globalThis.crossOriginIsolated || !canRegister) return false;
  try {
    if (sessionStorage.getItem(tried) !== null) return false;
    sessionStorage.setItem(tried, 'yes');
    if (!(await register())) return false;
  } catch {
    // private windows and embedded pages forbid it
    return false;
  }
  location.reload();
  return true;
}

/** Keeps the page for times without a network. True once it is kept, false where that is forbidden. */
export async function keepPage(): Promise<boolean> {
  try {
    return canRegister && (await register());
  } catch {
    return false;
  }
}

/** Whether a service worker is there now, with all that it keeps. */
async function register(): Promise<boolean> {
  const registration: ServiceWorkerRegistration | undefined =
    await navigator.serviceWorker.register('service-worker.js');
  const worker = registration?.active ?? registration?.waiting ?? registration?.installing;
  return worker ? becomesActive(worker) : false;
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
