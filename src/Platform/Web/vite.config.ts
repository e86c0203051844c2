import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { fakeApi } from './dev/fakeApi.ts';
import { scanWorker } from './scanWorker.ts';

const platform = process.env['EVENTS_PLATFORM'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  // EVENTS_FAKE=1 serves the API from memory, for work on the pages without a backend.
  plugins: [react(), scanWorker('scan.html', new URL('pages/scan/worker.js', import.meta.url).pathname), ...(process.env['EVENTS_FAKE'] ? [fakeApi()] : [])],
  build: {
    // The door is a page of its own: small, and kept by its service worker.
    rolldownOptions: { input: ['index.html', 'scan.html'] },
    outDir: '../wwwroot',
    emptyOutDir: true,
    // The content security policy has no data: for fonts and scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // These know light-dark(). For older ones it is replaced by variables that are resolved at the root, so that nothing below it could be night by day.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  },
  server: {
    port: 5183,
    strictPort: true,
    proxy: process.env['EVENTS_FAKE'] ? undefined : { '/api': platform, '/media': platform, '/onsite': platform },
  },
  test: { include: ['**/tests/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
