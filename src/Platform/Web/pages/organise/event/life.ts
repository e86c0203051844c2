/** An event's life: one step at a time, and what each step means to people. */
import type { EventState } from '../../../sdk/event';

export const life: readonly EventState[] = ['building', 'draft', 'live', 'ended', 'archived'];

export interface Step {
  to: EventState;
  /** On the button. */
  action: string;
  /** What will happen, before it does. */
  says: string;
}

const steps: Record<Exclude<EventState, 'building' | 'cancelled'>, Omit<Step, 'to'>> = {
  draft: { action: 'Move to draft', says: 'As a draft, your organisation can look at it as attendees will.' },
  live: { action: 'Go live', says: 'Live, the event is public: it is listed, tickets are sold, people come in. There is no way back to draft.' },
  ended: { action: 'End the event', says: 'Ending it closes the sale of tickets. The page stays public for replays.' },
  archived: { action: 'Archive', says: 'Archived, it leaves the public pages. Your records stay.' },
};

/** The one step that is open from here; null at the end. */
export function nextStep(state: EventState): Step | null {
  const to = state === 'cancelled' ? 'archived' : life[life.indexOf(state) + 1];
  return to === undefined || to === 'building' || to === 'cancelled' ? null : { to, ...steps[to] };
}

export interface Todo {
  name: string;
  why: string;
  done: boolean;
  tab: string;
}

/** What an organiser usually wants before going live. None of it is demanded: the server says what is. */
export function todos(event: { description: string | null; sessions: unknown[] }, schedule: { items: unknown[]; speakers: unknown[] } | null, onSale: { types: unknown[]; consent: unknown } | null): Todo[] {
  return [
    { name: 'Say what it is about', why: 'The first thing people read.', done: (event.description ?? '').trim() !== '', tab: 'details' },
    { name: 'Add a session or a stage', why: 'Where people meet.', done: event.sessions.length > 0, tab: 'programme' },
    { name: 'Write the schedule', why: 'So that people know when to come.', done: (schedule?.items.length ?? 0) > 0, tab: 'programme' },
    { name: 'Offer tickets', why: 'Free or paid; without any, everybody comes in as a guest.', done: (onSale?.types.length ?? 0) > 0, tab: 'tickets' },
    { name: 'Write the consent text', why: 'What you store about people, and with whom it is shared.', done: onSale?.consent != null, tab: 'tickets' },
  ];
}
