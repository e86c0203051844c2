import { CircleAlert, Circle, Keyboard, Mic, MicOff, MonitorUp, PhoneOff, Square, Users, Video, VideoOff, Volume2 } from 'lucide-react';
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import type { AudioRenderer, LocalTrack, RtcSession } from '../../sdk/rtc';
import type { EventAccess, EventDetail, Session } from '../../sdk/event';
import { Blank, Button, Spinner } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { Elapsed } from '../event/RecordingList';
import { Connection } from './Connection';
import { useOwnDevices } from './devices';
import { useKeys } from './keys';
import { People } from './People';
import { useRecording, type RecordingControl } from './recording';
import { Shortcuts } from './Shortcuts';
import { Stage } from './Stage';
import { useRtc } from './useRtc';

interface Props {
  rtc: RtcSession;
  audio: AudioRenderer;
  event: EventDetail;
  session: Session;
  access: EventAccess;
  leave: () => void;
}

export function Room({ rtc, audio, event, session, access, leave }: Props) {
  useRtc(rtc, 'state');
  const toast = useToast();
  const failed = useCallback((error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'), [toast]);
  const own = useOwnDevices(rtc, failed);
  const recording = useRecording(access, session);
  const [panel, setPanel] = useState<'none' | 'people' | 'keys'>('none');
  const toggle = (wanted: 'people' | 'keys'): void => setPanel((now) => (now === wanted ? 'none' : wanted));
  const announcement = useAnnouncements(rtc);
  const canPublish = rtc.you?.canPublish ?? false;
  const held = useRef(false);
  useKeys({
    m: () => canPublish && own.toggleMic(),
    v: () => canPublish && own.toggleCamera(),
    p: () => toggle('people'),
    '?': () => toggle('keys'),
    talk: (pressed) => {
      if (!canPublish || (pressed ? own.micOn : !held.current)) return;
      held.current = pressed;
      own.setMic(pressed);
    },
  });

  if (rtc.state === 'failed') {
    return (
      <div className="dark room-waiting" data-testid="connection-state" data-state="failed">
        <Blank icon={<CircleAlert size={32} />} title="The connection ended">
          <p role="alert">{rtc.failure?.message ?? 'The media server could not be reached.'}</p>
          <Button look="primary" onClick={leave}>
            Go on
          </Button>
        </Blank>
      </div>
    );
  }

  return (
    <div className={`dark room ${panel === 'people' ? 'room--drawer' : ''}`} data-testid="room">
      <header className="room__top">
        <div className="room__title">
          <h1>{session.name}</h1>
          <span className="room__event">{event.name}</span>
        </div>
        <RecordingBadge recording={recording} />
        <Connection rtc={rtc} />
      </header>
      <main className="room__main" aria-label="Stage">
        {rtc.state === 'reconnecting' && (
          <div className="room__banner" role="status">
            <Spinner size={17} /> Reconnecting. The call goes on as soon as the network is back.
          </div>
        )}
        <Stage rtc={rtc} />
        <SoundGate audio={audio} />
      </main>
      {panel === 'people' && <People rtc={rtc} close={() => setPanel('none')} />}
      {panel === 'keys' && <Shortcuts close={() => setPanel('none')} />}
      <footer className="bar" aria-label="Controls">
        <div className="bar__group">
          {canPublish && (
            <>
              <Control testid="mute-mic" on={own.micOn} warnOff label={own.micOn ? 'Mute' : 'Unmute'} hint="M" icon={own.micOn ? <Mic /> : <MicOff />} press={own.toggleMic} />
              <Control testid="mute-cam" on={own.cameraOn} warnOff label={own.cameraOn ? 'Stop video' : 'Start video'} short="Video" hint="V" icon={own.cameraOn ? <Video /> : <VideoOff />} press={own.toggleCamera} />
              <Control testid="share-screen" on={own.sharing} active={own.sharing} label={own.sharing ? 'Stop sharing' : 'Share screen'} short="Share" icon={<MonitorUp />} press={own.toggleScreen} wideOnly={!('getDisplayMedia' in (navigator.mediaDevices ?? {}))} />
            </>
          )}
          {rtc.you?.role === 'organiser' && <RecordControl recording={recording} failed={failed} said={toast} />}
          <Control testid="roster-toggle" on={panel === 'people'} active={panel === 'people'} label="People" hint="P" icon={<Users />} press={() => toggle('people')} badge={<Count rtc={rtc} />} />
          <Control testid="shortcuts" on={panel === 'keys'} label="Keyboard shortcuts" short="Keys" hint="?" icon={<Keyboard />} press={() => toggle('keys')} wideOnly />
          <Control testid="leave" on danger label="Leave" icon={<PhoneOff />} press={leave} />
        </div>
      </footer>
      <div className="visually-hidden" role="log" aria-live="polite">
        {announcement}
      </div>
    </div>
  );
}

interface ControlProps {
  testid: string;
  on: boolean;
  /** What pressing does, in full. */
  label: string;
  /** What stands under the button where the full label is too long. */
  short?: string;
  icon: ReactNode;
  press: () => void;
  hint?: string;
  active?: boolean;
  warnOff?: boolean;
  danger?: boolean;
  recording?: boolean;
  wideOnly?: boolean;
  disabled?: boolean;
  badge?: ReactNode;
}

function Control({ testid, on, label, short, icon, press, hint, active, warnOff, danger, recording, wideOnly, disabled, badge }: ControlProps) {
  const looks = ['control', active && 'control--active', warnOff && !on && 'control--off', danger && 'control--danger', recording && 'control--recording', wideOnly && 'control--wide-only'];
  return (
    <button
      type="button"
      className={looks.filter(Boolean).join(' ')}
      data-testid={testid}
      data-on={on}
      aria-label={label}
      title={hint ? `${label} (${hint})` : label}
      disabled={disabled}
      onClick={press}
    >
      <span className="control__face" aria-hidden="true">
        {icon}
        {badge}
      </span>
      <span className="control__label" aria-hidden="true">
        {short ?? label}
      </span>
    </button>
  );
}

function Count({ rtc }: { rtc: RtcSession }) {
  useRtc(rtc, 'roster');
  return <span className="control__count tabular">{rtc.participants.length}</span>;
}

/** Everyone sees that a recording runs: that is what consent rests on. */
function RecordingBadge({ recording: { active } }: { recording: RecordingControl }) {
  return (
    <span className="room__rec" role="status" data-testid="recording-state" data-status={active?.status ?? 'idle'}>
      {active && (
        <span className="badge badge--live">
          <span className="dot dot--pulse" />
          <span className="badge__word">{active.status === 'stopping' ? 'Finishing' : 'Recording'}</span>
          {active.status !== 'stopping' && <Elapsed since={active.startedAt} />}
        </span>
      )}
    </span>
  );
}

function RecordControl({ recording, failed, said }: { recording: RecordingControl; failed: (error: unknown) => void; said: (text: string) => void }) {
  const { active, busy, start, stop } = recording;
  if (active) {
    const end = (): void => {
      stop().then(() => said('Recording stopped. The video is being composed.'), failed);
    };
    return <Control testid="record-stop" on recording label="Stop recording" short="Stop" icon={<Square fill="currentColor" />} press={end} disabled={busy || active.status === 'stopping'} />;
  }
  return <Control testid="record-start" on={false} label="Start recording" short="Record" icon={<Circle className="rec" fill="currentColor" />} press={() => void start().catch(failed)} disabled={busy} />;
}

/** Browsers play no sound before a gesture in a page that was opened by a link. */
function SoundGate({ audio }: { audio: AudioRenderer }) {
  const [blocked, setBlocked] = useState(audio.blocked);
  useEffect(() => audio.events.on('blocked', setBlocked), [audio]);
  if (!blocked) return null;
  return (
    <div className="room__sound">
      <Button look="primary" data-testid="enable-sound" onClick={() => void audio.enableSound()}>
        <Volume2 size={19} aria-hidden="true" /> Enable sound
      </Button>
    </div>
  );
}

const lost: Partial<Record<LocalTrack['source'], string>> = { microphone: 'Your microphone was disconnected.', camera: 'Your camera was disconnected.' };

/** Says who comes and goes: to eyes as a toast, to ears by the live region. */
function useAnnouncements(rtc: RtcSession): string {
  const toast = useToast();
  const [said, setSaid] = useState('');
  useEffect(() => {
    const stops = [
      rtc.events.on('roster', ({ joined, left }) => {
        const own = rtc.you?.participantId;
        const words = [
          ...joined.filter(({ participantId }) => participantId !== own).map(({ name }) => `${name} joined`),
          ...left.map(({ name }) => `${name} left`),
        ];
        // A resume after a long gap can bring dozens: the numbers are then what matters.
        const text = words.length > 3 ? `${joined.length} joined, ${left.length} left` : words.join(', ');
        if (!text) return;
        // The toast is a live region itself: nothing is to be read out twice.
        if (rtc.participants.length <= 12) toast(text);
        else setSaid(text);
      }),
      rtc.events.on('mutedByOthers', ({ source }) => toast(source === 'camera' ? 'An organiser turned your camera off.' : 'An organiser muted you.')),
      rtc.events.on('ended', ({ source }) => {
        const text = lost[source];
        if (text) toast(text, 'error');
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [rtc, toast]);
  return said;
}
