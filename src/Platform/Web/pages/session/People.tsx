import { DoorOpen, Hand, Lock, LockOpen, Mic, MicOff, MonitorUp, MoreHorizontal, Video, VideoOff, X } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import type { EventAccess, Session } from '../../sdk/event';
import type { RtcParticipant, RtcSession } from '../../sdk/rtc';
import { Dialog } from '../../ui/dialog';
import { Avatar, Button } from '../../ui/parts';
import { useRows } from '../../ui/rows';
import { RoomControls } from '../rooms/RoomControls';
import { roles } from '../words';
import { inOrder, named } from './hands';
import { PersonActions } from './PersonActions';
import { useRtc } from './useRtc';

/** A line with its padding (room.css). */
const rowHeight = 54;
/** More than one sees at a glance. */
const searchedFrom = 30;

interface PeopleProps {
  rtc: RtcSession;
  access: EventAccess;
  session: Session;
  close: () => void;
  failed: (error: unknown) => void;
}

export function People({ rtc, access, session, close, failed }: PeopleProps) {
  const [door, setDoor] = useState(false);
  useRtc(rtc, 'roster', 'local', 'running', 'rights');
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const own = rtc.you?.participantId;
  const everyone = inOrder(rtc.participants, own);
  const [sought, setSought] = useState('');
  const found = named(everyone, sought);
  const rows = useRows(found.length, rowHeight);
  const moderates = rtc.you?.moderates ?? false;
  const { locked } = rtc.running;
  return (
    <aside
      className="drawer"
      data-testid="roster"
      aria-label="People in the room"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !door) close();
      }}
    >
      <div className="drawer__head">
        <h2>
          People <span className="tabular quiet">{everyone.length}</span>
        </h2>
        <button ref={button} type="button" className="icon-button" aria-label="Close the list of people" onClick={close}>
          <X size={19} />
        </button>
      </div>
      {moderates && (
        <div className="drawer__tools">
          <Button size="small" data-testid="lock-room" aria-pressed={locked} onClick={() => void rtc.running.moderate({ action: 'lock', locked: !locked }).catch(failed)}>
            {locked ? <LockOpen size={16} aria-hidden="true" /> : <Lock size={16} aria-hidden="true" />}
            {locked ? 'Unlock the room' : 'Lock the room'}
          </Button>
          <small>{locked ? 'Nobody new comes in.' : 'Everyone who may enter the session comes in.'}</small>
          <Button size="small" data-testid="open-door" onClick={() => setDoor(true)}>
            <DoorOpen size={16} aria-hidden="true" /> Who gets in…
          </Button>
        </div>
      )}
      {(everyone.length > searchedFrom || sought !== '') && (
        <div className="drawer__tools">
          <input className="input" type="search" aria-label="Find a person" placeholder="Find a person" maxLength={100} value={sought} onChange={(change) => setSought(change.target.value)} data-testid="roster-search" />
        </div>
      )}
      <ul className="roster" tabIndex={0} aria-label="People" ref={rows.list} onScroll={rows.scrolled}>
        {rows.before > 0 && <li aria-hidden="true" style={{ height: rows.before }} />}
        {found.slice(rows.from, rows.to).map((participant, index) => (
          <Person key={participant.participantId} rtc={rtc} participant={participant} place={rows.from + index + 1} of={found.length} self={participant.participantId === own} runs={moderates} failed={failed} />
        ))}
        {rows.after > 0 && <li aria-hidden="true" style={{ height: rows.after }} />}
      </ul>
      {door && (
        <Dialog title={`The door of ${session.name}`} close={() => setDoor(false)}>
          <RoomControls access={access} session={session} />
        </Dialog>
      )}
    </aside>
  );
}

interface PersonProps {
  rtc: RtcSession;
  participant: RtcParticipant;
  /** Where it is in the list, of which not all need be in the page. */
  place: number;
  of: number;
  self: boolean;
  /** We moderate: what can be done with the person is at hand. */
  runs: boolean;
  failed: (error: unknown) => void;
}

function Person({ rtc, participant, place, of, self, runs, failed }: PersonProps) {
  const [open, setOpen] = useState(false);
  const actions = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const track = (source: string) => participant.tracks.find((candidate) => candidate.source === source);
  const microphone = track('microphone');
  const camera = track('camera');
  const role = participant.role === 'attendee' ? undefined : roles[participant.role];
  const where = participant.reconnecting ? 'Reconnecting …' : participant.canPublish ? 'On stage' : 'Watching';
  return (
    <li className="roster__item" aria-posinset={place} aria-setsize={of} data-testid="roster-item" data-participant={participant.participantId} data-reconnecting={participant.reconnecting}>
      <div className="roster__line">
        <Avatar name={participant.name} />
        <span className="roster__name">
          <span>
            {participant.name}
            {self && <span className="quiet"> (you)</span>}
          </span>
          <small>{role ? `${role}, ${where.toLowerCase()}` : where}</small>
        </span>
        {participant.hand !== null && (
          <span className="roster__hand" data-testid="hand">
            <Hand size={17} aria-label="raised a hand" />
          </span>
        )}
        {track('screen') && <MonitorUp size={17} aria-label="shares a screen" />}
        {camera && (camera.muted ? <VideoOff size={17} aria-label="camera off" /> : <Video size={17} aria-label="camera on" />)}
        {microphone &&
          (microphone.muted ? (
            <MicOff size={17} className="off" aria-label={microphone.silenced ? 'muted by a moderator' : 'microphone off'} />
          ) : (
            <Mic size={17} aria-label="microphone on" />
          ))}
        {runs && !self && (
          <button ref={opener} type="button" className="icon-button" data-testid="person-actions" aria-expanded={open} aria-controls={actions} aria-label={`Actions for ${participant.name}`} onClick={() => setOpen(!open)}>
            <MoreHorizontal size={18} aria-hidden="true" />
          </button>
        )}
      </div>
      {open && (
        <PersonActions
          id={actions}
          rtc={rtc}
          participant={participant}
          failed={failed}
          done={() => {
            setOpen(false);
            opener.current?.focus();
          }}
        />
      )}
    </li>
  );
}
