// Reads calendar files as an independent library does: node calendar.mjs FILES.json, a JSON array of texts.
// Prints for each its events as {uid, start, end, zone, wall}: moments in UTC, the zone's name, and the wall clock's time there.
import { readFileSync } from 'node:fs';
import ICAL from 'ical.js';

const files = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(JSON.stringify(files.map(text => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  // Only the zones that the file itself describes: a reader need know no other.
  ICAL.TimezoneService.reset();
  calendar.getAllSubcomponents('vtimezone').forEach(zone => ICAL.TimezoneService.register(zone));
  return calendar.getAllSubcomponents('vevent').map(component => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      start: event.startDate.toJSDate().toISOString(),
      end: event.endDate.toJSDate().toISOString(),
      zone: event.startDate.zone.tzid,
      wall: event.startDate.toString(),
    };
  });
})));
