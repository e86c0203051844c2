import { useCallback, useState } from 'react';
import type { EventAccess, Recording, Session } from '../../sdk/event';
import { useLoad } from '../../ui/load';

const running = new Set<Recording['status']>(['starting', 'recording', 'stopping']);

export interface RecordingControl {
  /** The recording that runs in this session, if any. */
  active: Recording | null;
  busy: boolean;
  start(): Promise<void>;
  stop(): Promise<Recording | null>;
}

/** The session's recording, as everyone in the room must know of it. */
export function useRecording(access: EventAccess, session: Session): RecordingControl {
  const recordings = useLoad(
    async (signal) => (await access.call<{ items: Recording[] }>(`/sessions/${session.id}/recordings`, { signal })).items,
    session.id,
    (items) => (items?.some(({ status }) => running.has(status)) ? 2_000 : 3_000),
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
