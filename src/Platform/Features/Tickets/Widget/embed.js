// Puts an event's ticket sale into the page: <script async src="https://…/embed.js" data-event="slug"></script> makes a frame in its place.
(() => {
  const script = document.currentScript;
  const slug = script && script.dataset.event;
  if (!slug || !/^[a-z0-9-]{1,80}$/.test(slug)) {
    console.error('embed.js needs data-event="the event\'s slug".');
    return;
  }

  const origin = new URL(script.src).origin;
  const frame = document.createElement('iframe');
  frame.src = `${origin}/embed/events/${slug}`;
  frame.title = script.dataset.title || 'Tickets';
  frame.loading = 'lazy';
  frame.referrerPolicy = 'no-referrer';
  frame.style.cssText = 'border:0;width:100%;height:420px;color-scheme:normal';
  script.insertAdjacentElement('afterend', frame);

  // The frame says how high it is, and nothing else is listened to.
  addEventListener('message', event => {
    if (event.source === frame.contentWindow && event.origin === origin && event.data && event.data.kind === 'events-height') {
      const height = Number(event.data.height);
      if (height > 0 && height < 20000) {
        frame.style.height = `${Math.ceil(height)}px`;
      }
    }
  });
})();
