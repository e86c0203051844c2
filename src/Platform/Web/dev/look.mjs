// Screenshots of every page against the fake API (EVENTS_FAKE=1 npm run dev). Usage: npm run look -- DIRECTORY [part of a name]
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { fakeHub } from './fakeHub.mjs';

const [directory = 'shots', only = ''] = process.argv.slice(2);
const base = process.env.EVENTS_WEB ?? 'http://127.0.0.1:5183';
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
mkdirSync(directory, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: '--no-sandbox --headless --disable-gpu --use-fake-ui-for-media-stream --use-fake-device-for-media-stream --allow-loopback-in-peer-connection --autoplay-policy=no-user-gesture-required --disable-background-networking --disable-component-update --disable-sync --no-first-run'.split(' '),
});
const names = ['Per Nyström', 'Mirela Ionescu', 'Kofi Mensah', 'Sara Haddad', 'Jun Watanabe', 'Olga Petrova', 'Nils Berg', 'Ana Souza', 'Tom Byrne', 'Ravi Rao', 'Lena Vogt'];
const session = '/e/nordic-systems-week/s/s2';
const room = async (page) => {
  await page.getByTestId('join-publish').waitFor();
  const name = page.getByTestId('join-name');
  if (await name.isVisible()) await name.fill('Astrid Lindqvist');
  await page.getByTestId('join-publish').click();
  await page.getByTestId('room').waitFor();
  await page.locator('[data-testid=tile][data-self=true][data-video=true]').waitFor();
  if (page.hub.people > 0) await page.locator('[data-testid=tile][data-self=false][data-video=true]').first().waitFor();
  await page.waitForFunction(() => window.eventsRtc?.quality.sendBitsPerSecond > 0);
};
const views = {
  'list': { path: '/' },
  'sign-in': { path: '/sign-in' },
  'sign-in-refused': { path: '/sign-in', act: async (page) => {
    await page.getByTestId('sign-in-email').fill('a@b.se');
    await page.getByTestId('sign-in-password').fill('wrong');
    await page.getByTestId('sign-in-submit').click();
    await page.getByRole('alert').waitFor();
  } },
  'prejoin-guest': { path: session, act: (page) => page.waitForTimeout(900) },
  'signed-in': { path: '/sign-in', act: async (page) => {
    await page.getByTestId('sign-in-demo').click();
    await page.getByTestId('enter').click();
    await page.getByTestId('recordings-item').first().waitFor();
  } },
  'missing': { path: '/e/none' },
  'replay': { path: '/e/nordic-systems-week/recordings/r1' },
  'replay-composing': { path: '/e/nordic-systems-week/recordings/r3' },
  'replay-failed': { path: '/e/nordic-systems-week/recordings/r2' },
  'replay-compose-again': { path: '/sign-in', act: async (page) => {
    await page.getByTestId('sign-in-demo').click();
    await page.getByTestId('enter').click();
    await page.locator('[data-testid=recordings-item][data-status=failed]').click();
    await page.getByTestId('compose-again').waitFor();
  } },
  'prejoin': { path: session, act: (page) => page.waitForTimeout(900) },
  'room-alone': { path: session, people: 0, act: room },
  'room-2': { path: session, people: 1, act: room },
  'room-5': { path: session, people: 4, act: room },
  'room-10': { path: session, people: 11, act: async (page) => {
    await room(page);
    await page.getByTestId('roster-toggle').click();
  } },
  'room-run': { path: session, people: 6, act: async (page) => {
    await room(page);
    await page.getByTestId('roster-toggle').click();
    await page.getByTestId('person-actions').nth(1).click();
    await page.getByTestId('do-remove').waitFor();
  } },
  'room-screen': { path: session, people: 4, screen: true, act: room },
  'room-details': { path: session, people: 2, act: async (page) => {
    await room(page);
    await page.getByTestId('mute-mic').click();
    await page.getByTestId('mute-cam').click();
    await page.getByTestId('connection-state').click();
    await page.waitForTimeout(400);
  } },
  'room-resume': { path: session, people: 2, act: async (page) => {
    await room(page);
    page.hub.drop();
    await page.waitForFunction(() => window.eventsRtc.state === 'reconnecting');
    await page.waitForFunction(() => window.eventsRtc.state === 'connected');
    if (!page.hub.calls.includes('resume')) throw new Error('did not resume');
  } },
  'room-recording': { path: session, people: 3, act: async (page) => {
    await room(page);
    // The fake keeps its recordings between views: an earlier one may still run.
    const start = page.getByTestId('record-start');
    if (await start.isVisible()) await start.click();
    await page.getByTestId('record-stop').waitFor();
    await page.keyboard.press('?');
    await page.waitForTimeout(300);
  } },
};

let faults = 0;
for (const [size, viewport] of Object.entries({ wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 }, narrow: { width: 360, height: 640 } })) {
  for (const [name, { path, act, people = 0, screen = false }] of Object.entries(views)) {
    if (!name.includes(only)) continue;
    const context = await browser.newContext({ viewport, deviceScaleFactor: 1, locale: 'en-GB', timezoneId: 'Europe/London', permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    page.on('pageerror', (error) => { faults += 1; console.log(`  ! ${size} ${name}: ${error.message}`); });
    page.on('console', (line) => line.type() === 'error' && !/status of 4|ERR_/.test(line.text()) && console.log(`  ? ${size} ${name}: ${line.text()}`));
    page.hub = Object.assign(await fakeHub(page, { people: names.slice(0, people), screen }), { people });
    try {
      await page.goto(base + path);
      await page.locator('[aria-busy=true], .room-waiting[role=status]').first().waitFor({ state: 'hidden' });
      await act?.(page);
      await page.waitForTimeout(350);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wider > 0) { faults += 1; console.log(`  ! ${size} ${name}: ${wider} px wider than the screen`); }
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] }));
      for (const { id, nodes } of violations) { faults += 1; console.log(`  ! ${size} ${name}: axe ${id}: ${nodes.map(({ html }) => html.slice(0, 110)).slice(0, 3).join(' | ')}`); }
      await page.screenshot({ path: join(directory, `${size}-${name}.png`) });
      console.log(`${size} ${name}`);
    } catch (error) {
      faults += 1;
      await page.screenshot({ path: join(directory, `${size}-${name}-FAILED.png`) });
      console.log(`  ! ${size} ${name}: ${String(error).split('\n')[0]}; calls ${page.hub.calls.join(' ')}; state ${await page.evaluate(() => `${window.eventsRtc?.state} ${window.eventsRtc?.failure}`)}`);
    }
    await context.close();
  }
}
await browser.close();
console.log(`${faults} faults`);
process.exitCode = faults > 0 ? 1 : 0;
