import { ArrowLeft, Eye, Mic, MicOff, Video, VideoOff } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { openCamera, type PublishOptions, type TrackSource } from '../../sdk/rtc';
import type { EventDetail, Session } from '../../sdk/event';
import { people } from '../../ui/format';
import { Avatar, Button, ErrorNotice, Spinner } from '../../ui/parts';
import { Link } from '../../ui/router';
import { Level, Picker, SpeakerPicker } from './Picker';
import type { Presence } from './returning';
import { deviceOf, recall, recallDevice, remember, rememberDevice, useDevice, useDeviceList } from './preview';

export interface JoinChoice {
  publish: boolean;
  name: string;
  speakerId: string;
  tracks: ({ track: MediaStreamTrack; source: TrackSource } & PublishOptions)[];
}

interface Props {
  event: EventDetail;
  session: Session;
  slug: string;
  /** The account's name; null for a guest, who says one. */
  name: string | null;
  lastName: string;
  join: (choice: JoinChoice) => Promise<void>;
  /** The page was reloaded in the room: it goes in as it was. */
  again: Presence | null;
}

export function PreJoin({ event, session, slug, name, lastName, join, again }: Props) {
  const camera = useDevice('camera', again?.camera ?? true);
  const microphone = useDevice('microphone', again?.microphone ?? true);
  const devices = useDeviceList(camera.track ?? microphone.track);
  const [guest, setGuest] = useState(lastName || recall('events.name'));
  const [speakerId, setSpeakerId] = useState(() => recallDevice('speaker'));
  const [busy, setBusy] = useState<'publish' | 'view' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const nameInput = useRef<HTMLInputElement>(null);
  const shown = name ?? guest.trim();

  const go = async (how: 'publish' | 'view'): Promise<void> => {
    if (shown === '') {
      setError(new Error('Say your name first, so that others know who joins.'));
      nameInput.current?.focus();
      return;
    }
    setBusy(how);
    setError(null);
    if (!name) remember('events.name', shown);
    const tracks: JoinChoice['tracks'] = [];
    if (how === 'publish') {
      const sound = microphone.track ?? (microphone.on && !microphone.error ? await microphone.open(microphone.deviceId) : null);
      const picture = camera.track ?? (camera.on && !camera.error ? await camera.open(camera.deviceId) : null);
      if (sound) tracks.push({ track: sound, source: 'microphone' });
      if (picture) tracks.push({ track: picture, source: 'camera', acquire: () => openCamera(recallDevice('camera')) });
      // Handed over now: the preview goes away while we connect, and must not stop them.
      microphone.take();
      camera.take();
    }
    try {
      await join({ publish: how === 'publish', name: shown, speakerId, tracks });
    } catch (reason) {
      for (const { track } of tracks) track.stop();
      setError(reason);
      setBusy(null);
      if (how === 'publish') {
        if (camera.on) void camera.open(camera.deviceId);
        if (microphone.on) void microphone.open(microphone.deviceId);
      }
    }
  };

  const went = useRef(false);
  const ready = !camera.opening && !microphone.opening;
  useEffect(() => {
    if (!again || went.current || (again.publish && !ready)) return;
    went.current = true;
    void go(again.publish ? 'publish' : 'view');
  });

  return (
    <main className="dark prejoin">
      <Link className="back" href={`/e/${encodeURIComponent(slug)}`}>
        <ArrowLeft size={17} aria-hidden="true" /> {event.name}
      </Link>
      <div className="prejoin__grid">
        <section className="prejoin__stage" aria-label="Your picture and sound">
          <Preview track={camera.track} opening={camera.opening && camera.on} off={!camera.on} name={shown} />
          <div className="prejoin__toggles">
            <Toggle on={microphone.on && !microphone.error} icon={<Mic />} offIcon={<MicOff />} label="microphone" disabled={busy !== null} toggle={() => (microphone.on && !microphone.error ? microphone.close() : void microphone.open(microphone.deviceId))} />
            <Toggle on={camera.on && !camera.error} icon={<Video />} offIcon={<VideoOff />} label="camera" disabled={busy !== null} toggle={() => (camera.on && !camera.error ? camera.close() : void camera.open(camera.deviceId))} />
          </div>
        </section>
        <form
          className="prejoin__card"
          onSubmit={(submit) => {
            submit.preventDefault();
            void go('publish');
          }}
        >
          <div>
            <h1>{session.name}</h1>
            <p className="quiet">{session.participants > 0 ? `${people(session.participants)} in the room` : 'Nobody is here yet'}</p>
          </div>
          {name === null && (
            <label className="field">
              <span className="field__label">Your name</span>
              <input ref={nameInput} className="input" data-testid="join-name" autoComplete="name" maxLength={80} value={guest} onChange={(change) => setGuest(change.target.value)} placeholder="Shown to everyone in the room" />
            </label>
          )}
          {camera.error && <ErrorNotice error={camera.error} />}
          {microphone.error && microphone.error.message !== camera.error?.message && <ErrorNotice error={microphone.error} />}
          <details className="prejoin__devices">
            <summary>Devices</summary>
            <Picker label="Camera" devices={devices.cameras} unnamed={devices.unnamed} value={deviceOf(camera.track, camera.deviceId)} choose={camera.choose} />
            <Picker label="Microphone" devices={devices.microphones} unnamed={devices.unnamed} value={deviceOf(microphone.track, microphone.deviceId)} choose={microphone.choose} />
            <SpeakerPicker
              devices={devices.speakers}
              value={speakerId}
              choose={(deviceId) => {
                rememberDevice('speaker', deviceId);
                setSpeakerId(deviceId);
              }}
            />
          </details>
          <Level track={microphone.track} />
          {error !== null && <ErrorNotice error={error} />}
          <div className="prejoin__actions">
            <Button type="submit" look="primary" wide data-testid="join-publish" busy={busy === 'publish'} disabled={busy !== null}>
              {joinWords(camera.on && !camera.error, microphone.on && !microphone.error)}
            </Button>
            <Button wide look="quiet" data-testid="join-view" busy={busy === 'view'} disabled={busy !== null} onClick={() => void go('view')}>
              <Eye size={18} aria-hidden="true" /> Watch only
            </Button>
          </div>
          <p className="small">Sessions may be recorded by the organiser. You will see a mark while one runs.</p>
        </form>
      </div>
    </main>
  );
}

function joinWords(camera: boolean, microphone: boolean): string {
  if (camera && microphone) return 'Join with camera and microphone';
  if (camera) return 'Join with camera';
  if (microphone) return 'Join with microphone';
  return 'Join with both off';
}

function Preview({ track, opening, off, name }: { track: MediaStreamTrack | null; opening: boolean; off: boolean; name: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = track ? new MediaStream([track]) : null;
  }, [track]);
  return (
    <div className="preview">
      <video ref={video} autoPlay playsInline muted hidden={!track} className="mirrored" aria-label="Your camera" />
      {!track && (
        <div className="preview__none">
          {opening ? <Spinner size={26} /> : <Avatar name={name || '?'} className="avatar--xl" />}
          <span>{opening ? 'Starting your camera' : off ? 'Camera is off' : 'No camera'}</span>
        </div>
      )}
    </div>
  );
}

function Toggle({ on, icon, offIcon, label, disabled, toggle }: { on: boolean; icon: ReactNode; offIcon: ReactNode; label: string; disabled: boolean; toggle: () => void }) {
  return (
    <button type="button" className={`round ${on ? '' : 'round--off'}`} aria-pressed={on} aria-label={`${on ? 'Turn off' : 'Turn on'} ${label}`} disabled={disabled} onClick={toggle}>
      {on ? icon : offIcon}
    </button>
  );
}
