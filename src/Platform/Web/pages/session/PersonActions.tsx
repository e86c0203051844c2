import { useEffect, useRef, useState } from 'react';
import type { RtcParticipant, RtcSession } from '../../sdk/rtc';
import { Confirm } from '../../ui/dialog';
import { Button } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { possible, type Possible } from './moderating';

interface Props {
  id: string;
  rtc: RtcSession;
  participant: RtcParticipant;
  failed: (error: unknown) => void;
  done: () => void;
}

/** What a moderator can do with a person, below its line in the list. */
export function PersonActions({ id, rtc, participant, failed, done }: Props) {
  const toast = useToast();
  const [asking, setAsking] = useState<Possible | null>(null);
  const [busy, setBusy] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.querySelector('button')?.focus(), []);
  const act = async (wanted: Possible): Promise<void> => {
    await rtc.running.moderate(wanted.request);
    if (wanted.said) toast(wanted.said);
  };
  const press = (wanted: Possible): void => {
    if (wanted.danger) {
      setAsking(wanted);
      return;
    }
    setBusy(true);
    act(wanted).then(done, failed).finally(() => setBusy(false));
  };
  return (
    <>
      <div
        ref={list}
        id={id}
        className="actions"
        role="group"
        aria-label={`Actions for ${participant.name}`}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || asking) return;
          event.stopPropagation();
          done();
        }}
      >
        {possible(participant).map((wanted) => (
          <Button key={wanted.id} size="small" look={wanted.danger ? 'danger' : 'plain'} data-testid={`do-${wanted.id}`} disabled={busy} onClick={() => press(wanted)}>
            {wanted.label}
          </Button>
        ))}
      </div>
      {asking && (
        <Confirm title={`Remove ${participant.name}?`} action="Remove" danger act={() => act(asking)} close={() => setAsking(null)}>
          <p>{participant.name} leaves at once and cannot come back into this session until an organiser lets them in again.</p>
        </Confirm>
      )}
    </>
  );
}
