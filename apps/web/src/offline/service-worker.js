/**
 * Keeps the built page, so that it works without a network after the first visit, and adds the headers that isolate it on hosts that
 * cannot send them, so that threads can share memory. The build puts the list of files in place of `kept`.
 *
 * A new version is taken in beside the old one and takes its place when no page of the old one is open, or when the only one asks for
 * it: pages load parts late, and those of two versions do not fit together.
 */
const kept = { version: 'none', files: [] };

/** Caches of the host are shared with its other pages. */
const ownCaches = `yoco-u ${self.registration.scope} `;
const cacheName = ownCaches + kept.version;
const keptUrls = new Set(kept.files.map((file) => new URL(file, self.registration.scope).href));

/** All of the bundled model is kept: other files that a model may have are not there. */
const modelFolder = new URL('model/', self.registration.scope).href;

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

async function keepFiles() {
  const cache = await caches.open(cacheName);
  try {
    await cache.addAll(Array.from(keptUrls, (url) => new Request(url, { cache: 'no-cache' })));
  } catch (error) {
    // without room the page still works, with a network
    if (error.name !== 'QuotaExceededError') throw error;
  }
}

async function removeOldVersions() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(ownCaches) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** Takes the place of the older version for the page that asks, unless others are open: these are told of through the port. */
async function takeOver(port) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const pages = windows.filter(({ url }) => url.startsWith(self.registration.scope));
  if (pages.length > 1) port.postMessage('others are open');
  else await self.skipWaiting();
}

async function answer(request) {
  const url = new URL(request.url);
  url.hash = '';
  url.search = '';
  if (request.mode === 'navigate') url.href = url.href.replace(/\/index\.html$/, '/');
  const isKept = keptUrls.has(url.href);
  if (!isKept && url.href.startsWith(modelFolder)) return new Response(null, { status: 404 });
  const found = isKept ? await (await caches.open(cacheName)).match(url.href) : undefined;
  const response = found ?? (await fetch(request));
  if (response.type === 'opaqueredirect') return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(isolation)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

self.addEventListener('install', (event) => event.waitUntil(keepFiles()));
self.addEventListener('activate', (event) => event.waitUntil(removeOldVersions().then(() => self.clients.claim())));
self.addEventListener('message', (event) => event.waitUntil(takeOver(event.ports[0])));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(answer(request));
});
