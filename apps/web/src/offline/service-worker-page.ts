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

/**
 * Keeps the page for times without a network. True once it is kept, false where that is forbidden. `onnewer` is called when a newer
 * version is kept too and waits for its turn: now, or later in this visit.
 */
export async function keepPage(onnewer: (newer: ServiceWorker) => void): Promise<boolean> {
  try {
    // where there was no room the service worker is there, and keeps nothing
    return canRegister && (await register(onnewer)) && (await caches.match('./')) !== undefined;
  } catch {
    return false;
  }
}

/** Loads the page again in its newer version. False if that cannot be, as other pages of the older one are open. */
export function takeNewer(newer: ServiceWorker): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const load = (): void => location.reload();
    navigator.serviceWorker.addEventListener('controllerchange', load, { once: true });
    port1.onmessage = () => {
      navigator.serviceWorker.removeEventListener('controllerchange', load);
      port1.close();
      resolve(false);
    };
    newer.postMessage('take over', [port2]);
  });
}

/** Whether a service worker is there now, with all that it keeps. */
async function register(onnewer?: (newer: ServiceWorker) => void): Promise<boolean> {
  const registration: ServiceWorkerRegistration | undefined =
    await navigator.serviceWorker.register('service-worker.js');
  if (registration === undefined) return false;
  if (onnewer !== undefined) followVersions(registration, onnewer);
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  return worker ? becomesActive(worker) : false;
}

function followVersions(registration: ServiceWorkerRegistration, onnewer: (newer: ServiceWorker) => void): void {
  const look = (): void => {
    // the very first waits too, for a moment
    if (registration.active !== null && registration.waiting !== null) onnewer(registration.waiting);
  };
  const follow = (): void => registration.installing?.addEventListener('statechange', look);
  registration.addEventListener('updatefound', follow);
  // browsers ask when a page is loaded; tabs stay open for weeks
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') registration.update().catch(() => {});
  });
  follow();
  look();
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
