import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Writes `/scan-worker.js`: the door's service worker with the list of files that the door's page may load. */
export function scanWorker(entry: string, template: string): Plugin {
  return {
    name: 'scan-worker',
    apply: 'build',
    generateBundle(_, bundle) {
      const files = new Set<string>();
      const add = (name: string): void => {
        const part = bundle[name];
        if (part?.type !== 'chunk' || files.has(name)) return;
        files.add(name);
        part.viteMetadata?.importedCss.forEach((file) => files.add(file));
        part.viteMetadata?.importedAssets.forEach((file) => files.add(file));
        [...part.imports, ...part.dynamicImports].forEach(add);
      };
      for (const part of Object.values(bundle)) if (part.type === 'chunk' && part.isEntry && part.facadeModuleId?.endsWith(entry)) add(part.fileName);
      if (files.size === 0) this.error(`${entry} is no entry of this build: the door would not open without a network.`);
      // Fonts are named by the styles.
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === 'asset' && name.endsWith('.css') && files.has(name)) for (const [, font] of String(part.source).matchAll(/url\(\/(assets\/[^)]+)\)/g)) if (font) files.add(font);
      }
      const list = [...[...files].sort().map((file) => `/${file}`), '/mark.svg', '/scan.webmanifest'];
      const source = readFileSync(template, 'utf8');
      const version = createHash('sha256').update(source).update(JSON.stringify(list)).digest('hex').slice(0, 16);
      this.emitFile({ type: 'asset', fileName: 'scan-worker.js', source: source.replace('__FILES__', JSON.stringify(list)).replace('__VERSION__', version) });
    },
  };
}
