/** Requests about one's data, in words. */
import type { PrivacyKind, PrivacyRequest } from '../../sdk/event';

export const privacyKinds: Record<PrivacyKind, string> = { access: 'Access to my data', erasure: 'Erasure of my data' };

export const requestStates: Record<PrivacyRequest['state'], { name: string; tone: string }> = {
  queued: { name: 'Queued', tone: 'badge--accent' },
  working: { name: 'Being done', tone: 'badge--accent' },
  done: { name: 'Done', tone: 'badge--good' },
  refused: { name: 'Refused', tone: 'badge--warn' },
  cancelled: { name: 'Cancelled', tone: '' },
};

/** When it was confirmed, and until when it is done or since when it is settled. */
export function requestSays(request: PrivacyRequest, moment: (at: string | null) => string): string {
  const end = request.settledAt ? `settled ${moment(request.settledAt)}` : `due by ${moment(request.dueAt)}`;
  return `Confirmed ${moment(request.confirmedAt)}, ${end}${request.code === null ? '' : ` (${request.code.replaceAll('_', ' ')})`}`;
}
