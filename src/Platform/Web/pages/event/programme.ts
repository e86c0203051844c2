/** A schedule as people read it: day by day, and what is on at this moment. */
import type { ScheduleItem, Session } from '../../sdk/event';
import { dayIn } from '../../ui/zones';

export interface Day {
  /** "2026-05-01" on the calendar of the zone. */
  day: string;
  items: ScheduleItem[];
}

export function byDay(items: readonly ScheduleItem[], zone: string): Day[] {
  const days: Day[] = [];
  for (const item of [...items].sort((a, b) => a.startsAt.localeCompare(b.startsAt) || a.title.localeCompare(b.title))) {
    const day = dayIn(item.startsAt, zone);
    const last = days.at(-1);
    if (last?.day === day) last.items.push(item);
    else days.push({ day, items: [item] });
  }
  return days;
}

export function isOn(item: { startsAt: string | null; endsAt: string | null }, now: number): boolean {
  return item.startsAt !== null && Date.parse(item.startsAt) <= now && (item.endsAt === null || now < Date.parse(item.endsAt));
}

export interface OnNow {
  session: Session;
  /** What the schedule says happens there now, or null. */
  item: ScheduleItem | null;
}

/** Rooms to go to now: those with people in them, those whose scheduled item runs, and those whose own time it is. Fullest first. */
export function onNow(sessions: readonly Session[], items: readonly ScheduleItem[], now: number): OnNow[] {
  return sessions
    .map((session) => ({ session, item: items.find((item) => item.sessionId === session.id && isOn(item, now)) ?? null }))
    .filter(({ session, item }) => session.live || item !== null || isOn(session, now))
    .sort((a, b) => b.session.participants - a.session.participants || Number(b.item !== null) - Number(a.item !== null) || a.session.name.localeCompare(b.session.name));
}

/** The next items to come, soonest first. */
export function upNext(items: readonly ScheduleItem[], now: number, count = 3): ScheduleItem[] {
  return items
    .filter((item) => Date.parse(item.startsAt) > now)
    .sort((a, b) => a.startsAt.localeCompare(b.startsAt))
    .slice(0, count);
}
