/** Words for times, lengths and sizes, in the reader's locale. */

const locale = undefined;

/** "Thu 5 Mar, 14:00 – 16:00 CET", in the reader's own zone. */
export function timeRange(startsAt: string | null, endsAt: string | null): string {
  if (!startsAt) return 'Time to be announced';
  const start = new Date(startsAt);
  const day = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', year: yearIfOther(start) });
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const zoned = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' });
  if (!endsAt) return `${day.format(start)}, ${zoned.format(start)}`;
  const end = new Date(endsAt);
  return start.toDateString() === end.toDateString()
    ? `${day.format(start)}, ${time.format(start)} – ${zoned.format(end)}`
    : `${day.format(start)}, ${time.format(start)} – ${day.format(end)}, ${zoned.format(end)}`;
}

/** The start in the event's own zone, when the reader is elsewhere; else null. */
export function timeThere(startsAt: string, timeZone: string): string | null {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (timeZone === here) return null;
  try {
    const there = new Intl.DateTimeFormat(locale, { weekday: 'short', hour: '2-digit', minute: '2-digit', timeZone });
    const local = new Intl.DateTimeFormat(locale, { weekday: 'short', hour: '2-digit', minute: '2-digit' });
    const start = new Date(startsAt);
    return there.format(start) === local.format(start) ? null : `${there.format(start)} in ${timeZone.split('/').pop()?.replaceAll('_', ' ')}`;
  } catch {
    return null; // a zone that this browser does not know
  }
}

export function dayAndMonth(at: string): { day: string; month: string } {
  const date = new Date(at);
  return {
    day: new Intl.DateTimeFormat(locale, { day: 'numeric' }).format(date),
    month: new Intl.DateTimeFormat(locale, { month: 'short' }).format(date),
  };
}

/** "5 Mar, 14:00 CET": what happens at an event on its clocks, in the zone that is given; all else on the reader's. */
export function moment(at: string | null, zone?: string): string {
  if (!at) return '';
  const date = new Date(at);
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: yearIfOther(date), hour: '2-digit', minute: '2-digit', timeZone: zone, timeZoneName: 'short' }).format(date);
}

/** "14:05", on this device's clock: for who stands at a door with it. */
export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

/** "4:07" or "1:02:09". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** "12.4 MB" (powers of ten, as file managers count). */
export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** "1.4 Mbit/s". */
export function bitrate(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return '–';
  return bitsPerSecond >= 1e6 ? `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

export function people(count: number): string {
  return count === 1 ? '1 person' : `${count} people`;
}

/** Up to two letters for a face that is not there. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...(word ?? '')][0]?.toUpperCase() ?? '').join('') || '?';
}

/** A hue, 0…359, that stays with a name or an id. */
export function hue(of: string): number {
  let hash = 0;
  for (const character of of) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}

/** The hues of oklch that carry a cover well: blues, violets, teal, and one warm. */
const coverHues = [262, 292, 235, 195, 165, 345, 25];

export function coverHue(of: string): number {
  return coverHues[hue(of) % coverHues.length] ?? 262;
}

function yearIfOther(date: Date): 'numeric' | undefined {
  return date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
}
