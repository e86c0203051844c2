import { DoorOpen, Video } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Session } from '../../../sdk/event';
import { Blank, Button } from '../../../ui/parts';
import { Link } from '../../../ui/router';
import { accessTo, useAccount } from '../../account';
import { RoomControls } from '../../rooms/RoomControls';
import type { Setup } from './SetupPage';

/** Every room of the event: who is in, and its door. */
export function RoomsTab({ event, reloadEvent }: Pick<Setup, 'event' | 'reloadEvent'>) {
  useEffect(() => {
    const timer = setInterval(reloadEvent, 10_000);
    return () => clearInterval(timer);
  }, [reloadEvent]);
  return (
    <section className="panel" aria-labelledby="rooms">
      <div className="panel__head">
        <div>
          <h2 id="rooms">Rooms</h2>
          <p>Lock, limit and close rooms, and let people in again who were removed. To mute somebody or bring them on stage, join the room.</p>
        </div>
      </div>
      {event.sessions.length === 0 ? (
        <Blank icon={<DoorOpen size={28} />} title="No rooms yet">
          <p>Sessions and stages of the programme are rooms.</p>
        </Blank>
      ) : (
        <ul className="list">
          {event.sessions.map((session) => (
            <Room key={session.id} event={event} session={session} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Room({ event, session }: { event: Setup['event']; session: Session }) {
  const { me } = useAccount();
  const [open, setOpen] = useState(false);
  return (
    <li className="roomrow" data-testid="room-row" data-session={session.id}>
      <div className="roomrow__line">
        <div className="item">
          <strong>{session.name}</strong>
          <span>
            {session.kind === 'stage' ? 'Stage' : 'Session'} · {session.participants === 0 ? 'nobody in' : session.participants === 1 ? '1 person in' : `${session.participants} people in`}
          </span>
        </div>
        <div className="item__end">
          {session.live && (
            <span className="badge badge--live">
              <span className="dot dot--pulse" /> Live
            </span>
          )}
          <Link className="button button--small" href={`/e/${encodeURIComponent(event.slug)}/s/${session.id}`} aria-label={`Join ${session.name}`}>
            <Video size={16} aria-hidden="true" /> Join
          </Link>
          <Button size="small" aria-expanded={open} aria-label={`The door of ${session.name}`} onClick={() => setOpen(!open)} data-testid="room-door">
            <DoorOpen size={16} aria-hidden="true" /> Door
          </Button>
        </div>
      </div>
      {open && <RoomControls access={accessTo(event.id, me?.user.id ?? null)} session={session} />}
    </li>
  );
}
