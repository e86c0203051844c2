// Fails when the JavaScript that every page loads first grows past its budget (gzip).
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const budgetKB = 180;
const root = new URL('../wwwroot/', import.meta.url).pathname;
const html = readFileSync(join(root, 'index.html'), 'utf8');
const first = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]));

let total = 0;
for (const name of readdirSync(join(root, 'assets')).filter((file) => file.endsWith('.js'))) {
  const kilobytes = gzipSync(readFileSync(join(root, 'assets', name))).length / 1024;
  const isFirst = first.has(`assets/${name}`);
  if (isFirst) total += kilobytes;
  console.log(`${kilobytes.toFixed(1).padStart(7)} KB gzip  ${isFirst ? 'first' : 'later'}  ${name}`);
}
if (first.size === 0) throw new Error('index.html names no script: the budget measured nothing.');
console.log(`${total.toFixed(1).padStart(7)} KB gzip of ${budgetKB} KB`);
if (total > budgetKB) {
  console.error(`The first load is over its budget of ${budgetKB} KB.`);
  process.exit(1);
}
for (const page of ['index.html', 'scan.html']) {
  if (/<script(?![^>]*\bsrc=)|<style|\sstyle="|\son[a-z]+="/.test(readFileSync(join(root, page), 'utf8'))) {
    console.error(`${page} has inline script or style, which the content security policy refuses.`);
    process.exit(1);
  }
}
