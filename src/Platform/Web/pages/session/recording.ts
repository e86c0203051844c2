import { useCallback, useState } from 'react';
import type { EventAccess, Recording, Session } from '../../sdk/event';
import type { RtcSession } from '../../sdk/rtc';
import { useLoad } from '../../ui/load';

const running = new Set<Recording['status']>(['starting', 'recording', 'stopping']);

/**
 * How often somebody in the room asks. Whoever can be recorded learns of it at once. Of those who only watch there may be thousands, who would be most of what the
 * platform has to answer: together they ask at most some three hundred times a second.
 */
export const askEveryMs = (people: number, watchesOnly: boolean): number => (watchesOnly ? Math.min(15_000, Math.max(3_000, people * 10)) : 3_000);

export interface RecordingControl {
  /** The recording that runs in this session, if any. */
  active: Recording | null;
  busy: boolean;
  start(): Promise<void>;
  stop(): Promise<Recording | null>;
}

/** The session's recording, as everyone in the room must know of it. */
export function useRecording(access: EventAccess, session: Session, rtc: RtcSession): RecordingControl {
  const recordings = useLoad(
    async (signal) => (await access.call<{ items: Recording[] }>(`/sessions/${session.id}/recordings?limit=10`, { signal })).items,
    session.id,
    () => askEveryMs(rtc.participants.length, !rtc.you?.canPublish && !rtc.you?.moderates),
  );
  const [busy, setBusy] = useState(false);
  const active = recordings.value?.find(({ status }) => running.has(status)) ?? null;
  const { reload } = recordings;

  const start = useCallback(async () => {
    setBusy(true);
    try {
      await access.call(`/sessions/${session.id}/recordings`, { method: 'POST', body: { layout: 'grid' } });
    } finally {
      setBusy(false);
      reload();
    }
  }, [access, session.id, reload]);

  const stop = useCallback(async () => {
    if (!active) return null;
    setBusy(true);
    try {
      await access.call(`/recordings/${active.id}/stop`, { method: 'POST' });
      return active;
    } finally {
      setBusy(false);
      reload();
    }
  }, [access, active, reload]);

  return { active, busy, start, stop };
}
