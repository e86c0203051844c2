import type { RtcParticipant } from '../../sdk/rtc';

const { compare } = new Intl.Collator(); // one for all: a room may have thousands

/** Raised hands first, in the order in which they went up; then ourselves, then everyone by name. */
export function inOrder(participants: readonly RtcParticipant[], own: string | undefined): RtcParticipant[] {
  const place = ({ hand }: RtcParticipant): number => hand ?? Number.MAX_SAFE_INTEGER;
  const isOwn = ({ participantId }: RtcParticipant): number => Number(participantId === own);
  return [...participants].sort((a, b) => place(a) - place(b) || isOwn(b) - isOwn(a) || compare(a.name, b.name));
}

/** Those whose name has these letters in it, whatever their case. */
export function named(participants: RtcParticipant[], sought: string): RtcParticipant[] {
  const letters = sought.trim().toLocaleLowerCase();
  return letters === '' ? participants : participants.filter(({ name }) => name.toLocaleLowerCase().includes(letters));
}
