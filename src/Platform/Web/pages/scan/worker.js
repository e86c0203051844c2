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

// The page from the network while there is one, else as it was kept; its files, which never change under their names, as they were kept. All else is no business of this.
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate' && pathname === page) event.respondWith(fetch(request).catch(() => caches.match(page)));
  else if (files.includes(pathname)) event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)));
});
