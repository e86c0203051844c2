import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { fakeApi } from './dev/fakeApi.ts';

const platform = process.env['EVENTS_PLATFORM'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  // EVENTS_FAKE=1 serves the API from memory, for work on the pages without a backend.
  plugins: [react(), ...(process.env['EVENTS_FAKE'] ? [fakeApi()] : [])],
  build: {
    outDir: '../wwwroot',
    emptyOutDir: true,
    // The content security policy has no data: for fonts and scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    port: 5183,
    strictPort: true,
    proxy: process.env['EVENTS_FAKE'] ? undefined : { '/api': platform, '/media': platform },
  },
  test: { include: ['**/tests/*.test.ts'], environment: 'node' },
});
