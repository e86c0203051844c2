// Photographs every page of a running Development installation that it fills first. Usage: npm run tour -- DIRECTORY [part of a name]
// EVENTS_PLATFORM is its address. Fails on script errors, on pages wider than the screen, and on axe-core violations (WCAG 2.1 A and AA).
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { seed } from './seed.mjs';

const [directory = 'shots', only = ''] = process.argv.slice(2);
const baseURL = process.env.EVENTS_PLATFORM ?? 'http://127.0.0.1:8080';
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
mkdirSync(directory, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--headless', '--disable-gpu', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'] });
const organiser = await browser.newContext({ baseURL });
const made = await seed(organiser.request);
const signedIn = await organiser.storageState();
await organiser.close();

const event = `/e/${made.event.slug}`;
const setup = `/organise/events/${made.event.id}`;
const organisation = `/organise/${made.organisation.id}`;
const choose = async (page) => {
  await page.getByTestId('more-tickets').first().click();
  await page.getByTestId('order-name').waitFor();
  await page.getByRole('radio', { name: 'Yes' }).check();
};
/** [path, as the organiser, what to do there] */
const views = {
  'listing': ['/'],
  'listing-nothing': ['/?text=nothinglikeit'],
  'landing': [event],
  'register': [`${event}/tickets`, false, choose],
  'register-invited': [`${event}/tickets#invitation=${made.invitation.key}`],
  'waiting': [`${event}/tickets`, false, (page) => page.getByTestId('join-waiting-list').click()],
  'order': [`/orders/${made.order.id}#key=${made.order.key}`, false, (page) => page.getByTestId('qr').first().waitFor()],
  'order-pending': [`/orders/${made.pending.id}#key=${made.pending.key}`],
  'reception-guest': [`${event}/reception`],
  'my-tickets-guest': ['/my/tickets'],
  'sign-in': ['/sign-in'],
  'sign-in-link': ['/sign-in', false, (page) => page.getByTestId('sign-in-other-way').click()],
  'sign-up': ['/sign-up'],
  'missing': ['/no/such/page'],
  'organise-guest': ['/organise'],
  'reception': [`${event}/reception`, true],
  'my-tickets': ['/my/tickets', true],
  'account': ['/account', true],
  'organise': ['/organise', true],
  'new-event': [`${organisation}/new-event`, true],
  'organisation': [organisation, true],
  'members': [`${organisation}/members`, true],
  'audit': [`${organisation}/audit`, true],
  'tokens': [`${organisation}/tokens`, true],
  'look': [`${organisation}/look`, true],
  'company-sign-in': [`${organisation}/sign-in`, true],
  'company-sign-in-item': [`${organisation}/sign-in`, true, (page) => page.getByTestId('connection-add').click()],
  'settings': [`${organisation}/settings`, true],
  'setup': [`${setup}/setup`, true],
  'setup-building': [`/organise/events/${made.draft.id}/setup`, true],
  'details': [`${setup}/details`, true],
  'branding': [`${setup}/branding`, true],
  'check-in': [`${setup}/check-in`, true],
  'setup-cancel-item': [`${setup}/setup`, true, (page) => page.getByTestId('cancel-event').click()],
  'tickets-import-item': [`${setup}/tickets`, true, (page) => page.getByTestId('import-invitations').click()],
  'programme': [`${setup}/programme`, true],
  'programme-item': [`${setup}/programme`, true, (page) => page.getByTestId('add-item').click()],
  'tickets': [`${setup}/tickets`, true],
  'tickets-type': [`${setup}/tickets`, true, async (page) => {
    await page.getByTestId('add-type').click();
    await page.getByTestId('type-name').fill('Crew');
    await page.getByTestId('type-price').fill('many');
    await page.getByTestId('type-save').click();
    await page.getByRole('alert').waitFor();
  }],
  'registrations': [`${setup}/registrations`, true],
  'registration': [`${setup}/registrations`, true, (page) => page.getByRole('button', { name: /Open the order/ }).first().click()],
  'rooms': [`${setup}/rooms`, true, async (page) => {
    await page.getByTestId('room-door').first().click();
    await page.getByTestId('room-controls').waitFor();
  }],
  'team': [`${setup}/team`, true],
};

let faults = 0;
const looks = [['wide', 1280, 800, 'light'], ['phone', 390, 844, 'light'], ['narrow', 360, 640, 'dark']];
for (const [size, width, height, colorScheme] of looks) {
  for (const [name, [path, member = false, act]] of Object.entries(views)) {
    if (!name.includes(only)) continue;
    const context = await browser.newContext({ baseURL, viewport: { width, height }, colorScheme, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'Europe/London', ...(member ? { storageState: signedIn } : {}) });
    const page = await context.newPage();
    const fault = (words) => { faults += 1; console.log(`  ! ${size} ${name}: ${words}`); };
    page.on('pageerror', (error) => fault(error.message));
    page.on('console', (line) => line.type() === 'error' && !/status of 4/.test(line.text()) && fault(line.text()));
    try {
      await page.goto(path);
      await page.locator('.nav, .signin').first().waitFor();
      await page.waitForLoadState('networkidle');
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'hidden' });
      await act?.(page);
      await page.waitForTimeout(250);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wider > 0) fault(`${wider} px wider than the screen`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] }));
      for (const { id, nodes } of violations) fault(`axe ${id}: ${nodes.map(({ html }) => html.slice(0, 130)).slice(0, 3).join(' | ')}`);
      await page.screenshot({ path: join(directory, `${size}-${name}.png`), fullPage: !act || !/item|type|registration$|waiting/.test(name) });
    } catch (error) {
      fault(String(error).split('\n')[0]);
      await page.screenshot({ path: join(directory, `${size}-${name}-FAILED.png`) });
    }
    await context.close();
  }
}
await browser.close();
console.log(`${faults} faults`);
process.exitCode = faults > 0 ? 1 : 0;
