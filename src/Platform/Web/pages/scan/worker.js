// The door's page and everything that it may ever load, kept so that it opens without a network. `files` and `version` are filled in by scanWorker.ts.
const files = __FILES__;
const version = 'events-door-__VERSION__';
const page = '/scan';

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(version)
      .then((cache) => cache.addAll([page, ...files]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith('events-door-') && name !== version).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// How long the network may take for the page.
const patience = 3000;

/** The page from the network, or as it was kept: without a network, or one that hangs, and while a proxy answers for a server that is away. */
async function opened(request) {
  const kept = await caches.match(page);
  if (!kept) return fetch(request);
  const answer = await Promise.race([fetch(request).catch(() => null), new Promise((resolve) => setTimeout(resolve, patience, null))]);
  return answer && answer.status < 500 ? answer : kept;
}

// The page from the network while there is one, else as it was kept; its files, which never change under their names, as they were kept. All else is no business of this.
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate' && pathname === page) event.respondWith(opened(request));
  else if (files.includes(pathname)) event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)));
});
