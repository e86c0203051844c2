/** The API's names in words. */
import type { EventState, OrderState } from '../sdk/event';

export const businessTypes: Record<string, string> = {
  conference: 'Conference',
  trade_show: 'Trade show',
  webinar: 'Webinar',
  workshop: 'Workshop',
  hackathon: 'Hackathon',
  meetup: 'Meetup',
  internal: 'Internal event',
  other: 'Other',
};

export const eventStates: Record<EventState, { name: string; tone: string; says: string }> = {
  building: { name: 'Building', tone: '', says: 'Only your organisation sees it.' },
  draft: { name: 'Draft', tone: 'badge--warn', says: 'Ready to be looked at by your organisation; not public yet.' },
  live: { name: 'Live', tone: 'badge--good', says: 'Public: people find it, register and come in.' },
  ended: { name: 'Ended', tone: '', says: 'Still public, for replays. Tickets are no longer sold.' },
  cancelled: { name: 'Cancelled', tone: 'badge--bad', says: 'It does not take place. Its page says so; nobody comes in.' },
  archived: { name: 'Archived', tone: '', says: 'Out of the listing, kept for your records.' },
};

export const orderStates: Record<OrderState, { name: string; tone: string }> = {
  pending: { name: 'Waiting for payment', tone: 'badge--warn' },
  confirmed: { name: 'Confirmed', tone: 'badge--good' },
  expired: { name: 'Expired', tone: '' },
  cancelled: { name: 'Cancelled', tone: '' },
  refunding: { name: 'Being refunded', tone: 'badge--warn' },
  refunded: { name: 'Refunded', tone: '' },
};

export const roles: Record<string, string> = {
  organization_admin: 'Admin',
  event_admin: 'Event admin',
  regular_member: 'Member',
  organiser: 'Organiser',
  host: 'Host',
  cohost: 'Co-host',
  speaker: 'Speaker',
  moderator: 'Moderator',
  judge: 'Judge',
  booth_staff: 'Booth staff',
  scanner: 'Ticket scanner',
  attendee: 'Attendee',
};

/** What each role in an event may do, for whoever gives it. */
export const eventRoles: [role: string, says: string][] = [
  ['host', 'changes the event and its team, runs sessions'],
  ['cohost', 'runs sessions and recordings, sees registrations'],
  ['speaker', 'publishes on stages'],
  ['moderator', 'mutes and removes people, publishes on stages'],
  ['judge', 'scores what is judged'],
  ['booth_staff', 'looks after a booth of the expo'],
  ['scanner', 'checks tickets at the door'],
];

export const areaKinds: Record<string, string> = { stage: 'Stage', session: 'Session', expo: 'Expo', networking: 'Networking', reception: 'Reception' };

/** A ticket's state: held, cancelled, transferred, revoked. */
export const ticketWords = (state: string): string => (state === 'held' ? 'Not paid yet' : `${state.charAt(0).toUpperCase()}${state.slice(1)}`);
