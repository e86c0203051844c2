import { Mic, MicOff, MonitorUp, Video, VideoOff, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { RtcParticipant, RtcSession } from '../../sdk/rtc';
import { Avatar } from '../../ui/parts';
import { useRtc } from './useRtc';

const roles: Record<string, string> = { organiser: 'Organiser', speaker: 'Speaker' };

export function People({ rtc, close }: { rtc: RtcSession; close: () => void }) {
  useRtc(rtc, 'roster', 'local');
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const own = rtc.you?.participantId;
  const everyone = [...rtc.participants].sort(
    (a, b) => Number(b.participantId === own) - Number(a.participantId === own) || a.name.localeCompare(b.name),
  );
  return (
    <aside
      className="drawer"
      data-testid="roster"
      aria-label="People in the room"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
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
      <ul className="roster" tabIndex={0} aria-label="People">
        {everyone.map((participant) => (
          <Person key={participant.participantId} participant={participant} self={participant.participantId === own} />
        ))}
      </ul>
    </aside>
  );
}

function Person({ participant, self }: { participant: RtcParticipant; self: boolean }) {
  const track = (source: string) => participant.tracks.find((candidate) => candidate.source === source);
  const microphone = track('microphone');
  const camera = track('camera');
  const role = roles[participant.role];
  return (
    <li className="roster__item" data-testid="roster-item" data-participant={participant.participantId}>
      <Avatar name={participant.name} />
      <span className="roster__name">
        <span>
          {participant.name}
          {self && <span className="quiet"> (you)</span>}
        </span>
        <small>{role ?? (participant.canPublish ? 'On stage' : 'Watching')}</small>
      </span>
      {track('screen') && <MonitorUp size={17} aria-label="shares a screen" />}
      {camera && (camera.muted ? <VideoOff size={17} aria-label="camera off" /> : <Video size={17} aria-label="camera on" />)}
      {microphone && (microphone.muted ? <MicOff size={17} className="off" aria-label="microphone off" /> : <Mic size={17} aria-label="microphone on" />)}
    </li>
  );
}
