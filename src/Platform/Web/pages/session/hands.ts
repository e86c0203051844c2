import type { RtcParticipant } from '../../sdk/rtc';

/** Raised hands first, in the order in which they went up; then ourselves, then everyone by name. */
export function inOrder(participants: readonly RtcParticipant[], own: string | undefined): RtcParticipant[] {
  const place = ({ hand }: RtcParticipant): number => hand ?? Number.MAX_SAFE_INTEGER;
  const isOwn = ({ participantId }: RtcParticipant): number => Number(participantId === own);
  return [...participants].sort((a, b) => place(a) - place(b) || isOwn(b) - isOwn(a) || a.name.localeCompare(b.name));
}
