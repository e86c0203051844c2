import '../room.css';
import { AudioRenderer, RtcSession, type FrameEncryption, type TrackSource, type VideoCodec } from '../../sdk/rtc';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { EventDetail, RoomGrant, Session } from '../../sdk/event';
import { useLoad } from '../../ui/load';
import { Blank, Button, Spinner } from '../../ui/parts';
import { Link, navigate } from '../../ui/router';
import { accessTo, useAccount } from '../account';
import { useToast } from '../../ui/toasts';
import { EventMissing, fetchEvent } from '../event/EventPage';
import { useTitle } from '../Site';
import { DoorOpen } from 'lucide-react';
import { PreJoin, type JoinChoice } from './PreJoin';
import { going, left, returning, stay as keepPresence, tabId } from './returning';
import { Room } from './Room';

declare global {
  interface Window {
    /** The active session, for diagnostics and tests; absent outside a room. */
    eventsRtc?: RtcSession;
  }
}

export function SessionPage({ slug, sessionId }: { slug: string; sessionId: string }) {
  const [inside, setInside] = useState(false);
  // Inside, the room says what changes: thousands would ask for nothing.
  const event = useLoad(fetchEvent(slug), slug, () => (inside ? null : 5_000));
  const { reload } = event;
  const goes = useCallback(
    (into: boolean) => {
      setInside(into);
      if (!into) reload();
    },
    [reload],
  );
  const { known } = useAccount();
  useEffect(() => {
    document.body.classList.add('in-room');
    return () => document.body.classList.remove('in-room');
  }, []);
  if (event.error) return <EventMissing error={event.error} reload={event.reload} />;
  const session = event.value?.sessions.find(({ id }) => id === sessionId);
  if (!event.value || !known) {
    return (
      <div className="dark room-waiting" role="status">
        <Spinner size={28} />
        <span className="visually-hidden">Loading the session</span>
      </div>
    );
  }
  if (!session) {
    return (
      <div className="dark room-waiting">
        <Blank page icon={<DoorOpen size={32} />} title="There is no such session">
          <Link className="button" href={`/e/${encodeURIComponent(slug)}`}>
            Back to {event.value.name}
          </Link>
        </Blank>
      </div>
    );
  }
  return <Door event={event.value} session={session} slug={slug} goes={goes} />;
}

/** `?video=` sends in another codec than the browser's first choice, to compare them on the spot. */
const codecs: VideoCodec[] = ['vp8', 'h264', 'vp9', 'av1'];

/** `#e2ee=` is a passphrase that those who meet have agreed on. What stands behind the # is sent to no server. */
async function encryptionOf(sessionId: string): Promise<FrameEncryption | undefined> {
  const passphrase = new URLSearchParams(window.location.hash.slice(1)).get('e2ee');
  if (!passphrase) return undefined;
  const { passphraseEncryption } = await import('../../sdk/rtc/passphrase');
  return passphraseEncryption(passphrase, sessionId);
}

interface Stay {
  rtc: RtcSession;
  audio: AudioRenderer;
}

/** Before, inside, and after the room. */
function Door({ event, session, slug, goes }: { event: EventDetail; session: Session; slug: string; goes: (into: boolean) => void }) {
  const { me } = useAccount();
  const access = accessTo(event.id, me?.user.id ?? null);
  const toast = useToast();
  const [stay, setStay] = useState<Stay | null>(null);
  const [outside, setOutside] = useState<'before' | 'after'>('before');
  const present = useRef<Stay | null>(null);
  const gone = useRef(false);
  // Once: who leaves and stands at the door again was not reloaded.
  const [again, setAgain] = useState(() => returning(session.id));
  useTitle(`${session.name} · ${event.name}`);

  const join = useCallback(
    async (choice: JoinChoice) => {
      if (!me && choice.name && access.participant?.name !== choice.name) {
        const entry = await access.enter(choice.name);
        if (entry.participant.name !== choice.name) {
          access.forget(); // the old entry keeps its name: come in as someone new
          await access.enter(choice.name);
        }
      }
      const tab = await tabId();
      const fetchGrant = (): Promise<RoomGrant> =>
        access.call<RoomGrant>(`/sessions/${session.id}/grants`, { method: 'POST', body: { publish: choice.publish, tab } });
      const { mediaUrl, grant } = await fetchGrant();
      const stop = (): void => choice.tracks.forEach(({ track }) => track.stop());
      if (gone.current) return stop();
      const asked = new URLSearchParams(window.location.search);
      const videoCodec = codecs.find((codec) => codec === asked.get('video'));
      const encryption = await encryptionOf(session.id);
      const rtc = new RtcSession({ freshGrant: fetchGrant, client: 'events-web', data: asked.has('data'), ...(videoCodec ? { videoCodec } : {}), ...(encryption ? { encryption } : {}) });
      const audio = new AudioRenderer();
      await audio.setSink(choice.speakerId).catch(() => undefined); // unplugged since: the system's choice plays
      rtc.events.on('media', () => audio.render(audioTracks(rtc)));
      rtc.events.on('local', (local) => keepPresence(session.id, choice.publish, local));
      rtc.events.on('roster', () => audio.render(audioTracks(rtc)));
      await rtc.connect(mediaUrl, grant);
      if (gone.current) {
        // The page was left meanwhile: nobody is to be seen and heard who looks at another one.
        stop();
        audio.close();
        return void rtc.leave().catch(() => undefined);
      }
      keepPresence(session.id, choice.publish, rtc.local);
      const next = { rtc, audio };
      present.current = next;
      window.eventsRtc = rtc;
      setStay(next);
      goes(true);
      // We are in: a track that cannot be published is said, and can be tried again from the control bar.
      for (const { track, source, ...options } of choice.tracks) {
        rtc.publish(track, source, options).catch((error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'));
      }
    },
    [access, goes, me, session.id, toast],
  );

  const leave = useCallback(() => {
    left();
    setAgain(null);
    const current = present.current;
    present.current = null;
    delete window.eventsRtc;
    setStay(null);
    setOutside('after');
    goes(false);
    current?.audio.close();
    void current?.rtc.leave().catch(() => undefined); // the room finds out by itself when we fall silent
  }, [goes]);

  const comeAgain = useCallback(() => {
    leave();
    setOutside('before');
  }, [leave]);

  // Another page of this site was opened: leave. A page brought back from the browser's cache starts anew.
  useEffect(() => {
    gone.current = false;
    const shown = (event: PageTransitionEvent): void => {
      if (event.persisted) location.reload();
    };
    window.addEventListener('pageshow', shown);
    window.addEventListener('pagehide', going);
    return () => {
      window.removeEventListener('pageshow', shown);
      window.removeEventListener('pagehide', going);
      gone.current = true;
      const current = present.current;
      if (current) left();
      present.current = null;
      delete window.eventsRtc;
      current?.audio.close();
      void current?.rtc.leave().catch(() => undefined); // as above
    };
  }, []);

  if (stay) {
    return <Room rtc={stay.rtc} audio={stay.audio} event={event} session={session} access={access} leave={leave} again={comeAgain} />;
  }
  if (outside === 'after') {
    return (
      <div className="dark room-waiting" data-testid="left">
        <Blank page icon={<DoorOpen size={32} />} title="You left the session">
          <p>{session.name}</p>
          <div className="row">
            <Button look="primary" onClick={() => setOutside('before')}>
              Join again
            </Button>
            <Button onClick={() => navigate(`/e/${encodeURIComponent(slug)}`)}>Back to the event</Button>
          </div>
        </Blank>
      </div>
    );
  }
  return <PreJoin event={event} session={session} slug={slug} name={me?.user.name ?? null} lastName={access.participant?.name ?? ''} join={join} again={again} />;
}

const audible: ReadonlySet<TrackSource> = new Set(['microphone', 'screen_audio']);

/** Everyone's sound but our own. */
function audioTracks(rtc: RtcSession): Map<string, MediaStreamTrack> {
  const tracks = new Map<string, MediaStreamTrack>();
  for (const [trackId, track] of rtc.media) {
    const owner = rtc.roster.owner(trackId);
    const own = owner?.participant.participantId === rtc.you?.participantId;
    if (track.kind === 'audio' && owner && !own && audible.has(owner.track.source)) tracks.set(trackId, track);
  }
  return tracks;
}
