import { Activity, Circle, CircleAlert, Hand, Keyboard, Lock, Mic, MicOff, MonitorUp, PhoneOff, SlidersHorizontal, Square, TriangleAlert, Users, Video, VideoOff, Volume2 } from 'lucide-react';
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import type { AudioRenderer, RtcSession } from '../../sdk/rtc';
import type { EventAccess, EventDetail, Session } from '../../sdk/event';
import { keepAwake } from '../../ui/awake';
import { Button, Spinner } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { Elapsed } from '../event/RecordingList';
import { useAnnouncements } from './announcements';
import { Connection } from './Connection';
import { DeviceDialog } from './DeviceDialog';
import { useOwnDevices, type OwnDevices } from './devices';
import { Ended } from './Ended';
import { Flow } from './Flow';
import { useKeys } from './keys';
import { People } from './People';
import { Prompts } from './Prompts';
import { useRecording, type RecordingControl } from './recording';
import { Shortcuts } from './Shortcuts';
import { Stage } from './Stage';
import { useRtc } from './useRtc';

/** Roles that start and stop recordings, as the server's permission table has it. */
const records: ReadonlySet<string> = new Set(['organiser', 'host', 'cohost']);

interface Props {
  rtc: RtcSession;
  audio: AudioRenderer;
  event: EventDetail;
  session: Session;
  access: EventAccess;
  leave: () => void;
  /** Leaves, and stands at the door again. */
  again: () => void;
}

export function Room({ rtc, audio, event, session, access, leave, again }: Props) {
  useRtc(rtc, 'state', 'blocked', 'rights', 'running');
  const toast = useToast();
  const failed = useCallback((error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'), [toast]);
  const own = useOwnDevices(rtc, failed);
  const recording = useRecording(access, session, rtc);
  const [panel, setPanel] = useState<'none' | 'people' | 'keys' | 'flow' | 'devices'>('none');
  const toggle = (wanted: 'people' | 'keys' | 'flow' | 'devices'): void => setPanel((now) => (now === wanted ? 'none' : wanted));
  const announcement = useAnnouncements(rtc);
  const canPublish = rtc.you?.canPublish ?? false;
  const raised = useHand(rtc);
  const toggleHand = (): void => void rtc.running.raiseHand(!raised).catch(failed);
  const held = useRef(false);
  useEffect(() => keepAwake(), []);
  useKeys({
    m: () => canPublish && own.toggleMic(),
    v: () => canPublish && own.toggleCamera(),
    p: () => toggle('people'),
    d: () => toggle('devices'),
    h: toggleHand,
    '?': () => toggle('keys'),
    talk: (pressed) => {
      if (!canPublish || (pressed ? own.micOn : !held.current)) return;
      held.current = pressed;
      own.setMic(pressed);
    },
  });

  if (rtc.state === 'failed') return <Ended rtc={rtc} leave={leave} again={again} />;

  return (
    <div className={`dark room ${panel === 'people' ? 'room--drawer' : ''}`} data-testid="room">
      <header className="room__top">
        <div className="room__title">
          <h1>{session.name}</h1>
          <span className="room__event">{event.name}</span>
        </div>
        {rtc.running.locked && (
          <span className="badge" data-testid="room-locked">
            <Lock size={14} aria-hidden="true" /> Locked
          </span>
        )}
        <RecordingBadge recording={recording} tellsRefused={rtc.you?.role === 'organiser'} />
        <Connection rtc={rtc} />
      </header>
      <main className="room__main" aria-label="Stage">
        <Trouble rtc={rtc} own={own} />
        <Stage rtc={rtc} />
        <SoundGate audio={audio} />
      </main>
      {panel === 'people' && <People rtc={rtc} access={access} session={session} close={() => setPanel('none')} failed={failed} />}
      {panel === 'flow' && <Flow access={access} session={session} close={() => setPanel('none')} />}
      {panel === 'devices' && <DeviceDialog rtc={rtc} own={own} audio={audio} close={() => setPanel('none')} />}
      {panel === 'keys' && <Shortcuts close={() => setPanel('none')} />}
      <footer className="bar" aria-label="Controls">
        <div className="bar__group">
          {canPublish && (
            <>
              <Control testid="mute-mic" on={own.micOn} warnOff warns={own.withheld('microphone')} label={own.micOn ? 'Mute' : 'Unmute'} hint="M" icon={own.micOn && !own.withheld('microphone') ? <Mic /> : <MicOff />} press={own.toggleMic} />
              <Control testid="mute-cam" on={own.cameraOn} warnOff label={own.cameraOn ? 'Stop video' : 'Start video'} warns={own.withheld('camera')} short="Video" hint="V" icon={own.cameraOn && !own.withheld('camera') ? <Video /> : <VideoOff />} press={own.toggleCamera} />
              <Control testid="share-screen" on={own.sharing} active={own.sharing} label={own.sharing ? 'Stop sharing' : 'Share screen'} short="Share" icon={<MonitorUp />} press={own.toggleScreen} wideOnly={!('getDisplayMedia' in (navigator.mediaDevices ?? {}))} />
            </>
          )}
          <Control testid="raise-hand" on={raised} active={raised} label={raised ? 'Lower hand' : 'Raise hand'} short="Hand" hint="H" icon={<Hand />} press={toggleHand} />
          {records.has(rtc.you?.role ?? '') && <RecordControl recording={recording} failed={failed} said={toast} />}
          <Control testid="roster-toggle" on={panel === 'people'} active={panel === 'people'} label="People" hint="P" icon={<Users />} press={() => toggle('people')} badge={<Count rtc={rtc} />} />
          <Control testid="devices" on={panel === 'devices'} label="Camera, microphone and speaker" short="Devices" hint="D" icon={<SlidersHorizontal />} press={() => toggle('devices')} />
          {rtc.you?.moderates && <Control testid="flow-open" on={panel === 'flow'} active={panel === 'flow'} label="Connections of everyone" short="Connections" icon={<Activity />} press={() => toggle('flow')} wideOnly />}
          <Control testid="shortcuts" on={panel === 'keys'} label="Keyboard shortcuts" short="Keys" hint="?" icon={<Keyboard />} press={() => toggle('keys')} wideOnly />
          <Control testid="leave" on danger label="Leave" icon={<PhoneOff />} press={leave} />
        </div>
      </footer>
      <Prompts rtc={rtc} failed={failed} />
      <div className="visually-hidden" role="log" aria-live="polite">
        {announcement}
      </div>
    </div>
  );
}

/** Why nothing is seen and heard, and what to do about it. */
function Trouble({ rtc, own }: { rtc: RtcSession; own: OwnDevices }) {
  if (rtc.blocked) {
    return (
      <div className="room__banner room__banner--long" role="alert" data-testid="media-blocked">
        <TriangleAlert size={17} aria-hidden="true" /> Sound and picture do not get through: this network seems to block them. Use another one, such as your phone’s, or turn a VPN off. We keep trying.
      </div>
    );
  }
  if (rtc.state === 'reconnecting') {
    return (
      <div className="room__banner" role="status">
        <Spinner size={17} /> Reconnecting. The call goes on as soon as the network is back.
      </div>
    );
  }
  const silent = own.withheld('microphone');
  if (!silent && !own.withheld('camera')) return null;
  return (
    <div className="room__banner room__banner--long" role="alert" data-testid="withheld">
      <TriangleAlert size={17} aria-hidden="true" />
      {silent
        ? ' Nobody hears you: your microphone is muted by its own button or by your system. Unmute it there, or choose another one under Devices.'
        : ' Nobody sees you: your camera gives no picture. It may be covered, switched off, or in use elsewhere.'}
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
  /** It is on, and yet it gives nothing. */
  warns?: boolean;
  danger?: boolean;
  recording?: boolean;
  wideOnly?: boolean;
  disabled?: boolean;
  badge?: ReactNode;
}

function Control({ testid, on, label, short, icon, press, hint, active, warnOff, warns, danger, recording, wideOnly, disabled, badge }: ControlProps) {
  const looks = ['control', active && 'control--active', ((warnOff && !on) || warns) && 'control--off', danger && 'control--danger', recording && 'control--recording', wideOnly && 'control--wide-only'];
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

/** Whether our hand is up. */
function useHand(rtc: RtcSession): boolean {
  useRtc(rtc, 'roster');
  return (rtc.you && rtc.roster.get(rtc.you.participantId)?.hand != null) ?? false;
}

function Count({ rtc }: { rtc: RtcSession }) {
  useRtc(rtc, 'roster');
  return <span className="control__count tabular">{rtc.participants.length}</span>;
}

/** Everyone sees that a recording runs: that is what consent rests on. */
function RecordingBadge({ recording: { active }, tellsRefused }: { recording: RecordingControl; tellsRefused: boolean }) {
  return (
    <span className="room__rec" role="status" data-testid="recording-state" data-status={active?.status ?? 'idle'}>
      {active && (
        <span className="badge badge--live">
          <span className="dot dot--pulse" />
          <span className="badge__word">{active.status === 'stopping' ? 'Finishing' : 'Recording'}</span>
          {active.status !== 'stopping' && <Elapsed since={active.startedAt} />}
        </span>
      )}
      {tellsRefused && active?.failure && active.status !== 'stopping' && (
        <span className="badge" data-testid="recording-delayed" data-code={active.failure.code} title={active.failure.detail}>
          <CircleAlert size={14} aria-hidden="true" /> Not recording
          <span className="visually-hidden">. {active.failure.detail}</span>
        </span>
      )}
      {tellsRefused &&
        active?.refused.map(({ code, detail, tracks }) => (
          <span key={code} className="badge" data-testid="recording-refused" data-code={code} title={detail}>
            <Lock size={14} aria-hidden="true" /> {tracks} not recorded
            <span className="visually-hidden">. {detail}</span>
          </span>
        ))}
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
