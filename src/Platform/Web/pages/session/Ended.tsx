import { CircleAlert, DoorClosed } from 'lucide-react';
import { RtcError, type RtcSession } from '../../sdk/rtc';
import { Blank, Button } from '../../ui/parts';

/** What became of a call that others ended; the sentence below it is the server's. */
const titles: Record<string, string> = {
  removed: 'You were removed from this session',
  participant_removed: 'You were removed from this session',
  grant_revoked: 'Your access to this session ended',
  room_closed: 'The session has ended',
  room_locked: 'The session is locked',
  replaced: 'You joined from another window',
};

/** The page of a call that is over. What the network did can be tried again; what somebody decided is taken in first. */
export function Ended({ rtc, leave, again }: { rtc: RtcSession; leave: () => void; /** Back to the door. */ again: () => void }) {
  const code = rtc.failure instanceof RtcError ? rtc.failure.code : '';
  const title = titles[code];
  return (
    <div className="dark room-waiting" data-testid="connection-state" data-state="failed" data-code={code}>
      <Blank page icon={title ? <DoorClosed size={32} /> : <CircleAlert size={32} />} title={title ?? 'The connection ended'}>
        <p role="alert">{rtc.failure?.message ?? 'The media server could not be reached.'}</p>
        {title ? (
          <Button look="primary" onClick={leave}>
            Go on
          </Button>
        ) : (
          <>
            <p>Nobody sees or hears you now. Once you are connected again, come back in.</p>
            <div className="row">
              <Button look="primary" onClick={again} data-testid="join-again">
                Join again
              </Button>
              <Button onClick={leave}>Leave</Button>
            </div>
          </>
        )}
      </Blank>
    </div>
  );
}
