/** Wall-clock times of a zone, as `<input type="datetime-local">` holds them, and instants. */

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function partsIn(zone: string, at: number): Parts {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return part as unknown as Parts;
}

/** What a zone's clocks are ahead of UTC at an instant, in milliseconds. */
function offset(zone: string, at: number): number {
  const { year, month, day, hour, minute } = partsIn(zone, at);
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / 60_000) * 60_000;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** "2026-05-01T10:00" on the clocks of the zone. */
export function toWall(iso: string, zone: string): string {
  const { year, month, day, hour, minute } = partsIn(zone, Date.parse(iso));
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

/**
 * The instant at which the zone's clocks show this. A time that occurs twice (clocks go back) is its first; one that is skipped (clocks go
 * forward) is as late after the gap as it was written after the gap's beginning.
 */
export function fromWall(wall: string, zone: string): string {
  const guess = Date.parse(`${wall}Z`);
  const day = 24 * 60 * 60_000;
  // The offsets a day before and after bracket every change of clocks near the time.
  const instants = [guess - offset(zone, guess - day), guess - offset(zone, guess + day)].sort((a, b) => a - b);
  const exact = instants.find((at) => at + offset(zone, at) === guess);
  return new Date(exact ?? guess - offset(zone, guess - day)).toISOString();
}

/** The date on the zone's calendar, "2026-05-01". */
export function dayIn(iso: string, zone: string): string {
  return toWall(iso, zone).slice(0, 10);
}

export const zoneWords = (zone: string): string => zone.replaceAll('_', ' ');

/** Beside a field in which a time of an event is entered. */
export const onItsClocks = ({ timeZone }: { timeZone: string }): string => `On the event’s clocks, ${zoneWords(timeZone)}.`;

export const hereZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * Every zone that the browser lists, and UTC; and those named, which it may know under another name alone (Asia/Kolkata is Asia/Calcutta to some): a choice that has
 * not the present value would quietly become its first, UTC.
 */
export function allZones(...present: string[]): string[] {
  const listed = Intl.supportedValuesOf('timeZone');
  return [...new Set(['UTC', ...listed, ...present.filter((zone) => zone !== '' && !listed.includes(zone)).sort()])];
}

/** Whether this browser has the zone, listed or not. */
export function knowsZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
