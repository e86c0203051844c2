import '@fontsource-variable/inter/wght.css';
import './ui/tokens.css';
import './ui/base.css';
import './ui/controls.css';
import './ui/forms.css';
import './ui/shell.css';
import './pages/scan/scan.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ScanPage } from './pages/scan/ScanPage';

const root = document.getElementById('root');
if (!root) throw new Error('scan.html has no #root');

// Opened again without a network, the page is there. Where browsers allow no workers (plain HTTP off localhost), it works for as long as it stays open.
if (import.meta.env.PROD) void navigator.serviceWorker?.register('/scan-worker.js', { scope: '/scan' });

createRoot(root).render(
  <StrictMode>
    <ScanPage />
  </StrictMode>,
);
