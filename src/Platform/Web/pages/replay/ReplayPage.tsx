import { ArrowLeft, Check, CircleAlert, Copy, Download } from 'lucide-react';
import { useEffect, useRef, useState, type MouseEvent } from 'react';
import type { EventAccess, EventDetail, Playback, Recording } from '../../sdk/event';
import { bytes, duration, moment } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Blank, Button, ErrorNotice, Progress, Skeleton, Spinner } from '../../ui/parts';
import { Link } from '../../ui/router';
import { accessTo, useAccount } from '../account';
import { EventMissing, fetchEvent } from '../event/EventPage';
import { GuestName } from '../event/GuestName';
import { Elapsed } from '../event/RecordingList';
import { Site } from '../Site';
import { Renewal, type Renewed } from './renewal';

export function ReplayPage({ slug, recordingId }: { slug: string; recordingId: string }) {
  const event = useLoad(fetchEvent(slug), slug);
  const { known } = useAccount();
  if (event.error) return <EventMissing error={event.error} reload={event.reload} />;
  return (
    <Site title={event.value ? `Recording · ${event.value.name}` : 'Recording'}>
      <div className="replay">
        <Link className="back" href={`/e/${encodeURIComponent(slug)}`}>
          <ArrowLeft size={17} aria-hidden="true" /> {event.value?.name ?? 'Event'}
        </Link>
        {event.value && known ? <Door event={event.value} recordingId={recordingId} /> : <Skeleton height={420} />}
      </div>
    </Site>
  );
}

/** Whoever has the link and no account says a name first, as at the reception: to look at the page is not to come in. */
function Door({ event, recordingId }: { event: EventDetail; recordingId: string }) {
  const { me } = useAccount();
  const access = accessTo(event.id, me?.user.id ?? null);
  const [inside, setInside] = useState(access.participant !== null);
  return me || inside ? <Replay key={`${recordingId}.${me?.user.id}`} event={event} recordingId={recordingId} access={access} /> : <GuestName access={access} entered={() => setInside(true)} />;
}

function Replay({ event, recordingId, access }: { event: EventDetail; recordingId: string; access: EventAccess }) {
  const recording = useLoad(
    (signal) => access.call<Recording>(`/recordings/${encodeURIComponent(recordingId)}`, { signal }),
    recordingId,
    (value) => (value?.status === 'ready' || value?.status === 'failed' ? null : 1_000),
  );
  const ready = recording.value?.status === 'ready';
  const fetchPlayback = (signal?: AbortSignal): Promise<Playback> => access.call<Playback>(`/recordings/${encodeURIComponent(recordingId)}/playback`, { signal });
  const first = useLoad(ready ? fetchPlayback : null, `${recordingId}.playback`);
  const latest = useRef(fetchPlayback);
  latest.current = fetchPlayback;
  const [renewed, setRenewed] = useState<Renewed>({ playback: null, problem: null, busy: false });
  const show = (change: Partial<Renewed>): void => setRenewed((before) => ({ ...before, ...change }));
  const [renewal] = useState(() => new Renewal(() => latest.current(), show));
  const playback = renewed.playback ?? first.value;
  if (recording.loading) return <Skeleton height={420} />;
  if (!recording.value) {
    return (
      <Blank icon={<CircleAlert size={32} />} title="The recording could not be loaded">
        <p>{recording.error?.message}</p>
        <Button onClick={recording.reload}>Try again</Button>
      </Blank>
    );
  }
  const session = event.sessions.find(({ id }) => id === recording.value?.sessionId);
  /** An address that expired while the page was open saves nothing: another one does, and the player keeps its own. */
  const download = (click: MouseEvent, { expiresAt }: Playback): void => {
    if (Date.parse(expiresAt) > Date.now()) return;
    click.preventDefault();
    fetchPlayback().then(
      ({ url }) => Object.assign(document.createElement('a'), { href: url, download: fileName(event, session?.name) }).click(),
      (problem: unknown) => show({ problem }),
    );
  };
  return (
    <>
      {playback && <Player playback={playback} renewal={renewal} problem={renewed.problem} busy={renewed.busy} />}
      {ready && first.loading && (
        <div className="player player--waiting">
          <Spinner size={28} />
        </div>
      )}
      {ready && first.error && (
        <ErrorNotice error={first.error}>
          <div className="notice__action">
            <Button size="small" onClick={first.reload}>
              Try again
            </Button>
          </div>
        </ErrorNotice>
      )}
      {!ready && <NotYet recording={recording.value} access={access} changed={recording.reload} />}
      <div className="replay__head">
        <div>
          <h1>{session?.name ?? 'Recording'}</h1>
          <p className="quiet">Recorded {moment(recording.value.startedAt)}</p>
        </div>
        {playback && (
          <a className="button" href={playback.url} download={fileName(event, session?.name)} onClick={(click) => download(click, playback)} data-testid="replay-download">
            <Download size={18} aria-hidden="true" /> Download
          </a>
        )}
      </div>
      {playback && <Details playback={playback} />}
    </>
  );
}

function Player({ playback, renewal, problem, busy }: { playback: Playback; renewal: Renewal; problem: unknown; busy: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const shown = useRef(playback);
  useEffect(() => {
    if (shown.current !== playback) video.current?.load(); // also when the address is the same
    shown.current = playback;
  }, [playback]);
  return (
    <>
      <div className="player">
        <video
          ref={video}
          data-testid="replay-video"
          src={playback.url}
          poster={playback.thumbnailUrl ?? undefined}
          controls
          playsInline
          preload="metadata"
          onLoadedMetadata={(loaded) => renewal.loaded(loaded.currentTarget)}
          onError={(failed) => void renewal.failed(failed.currentTarget)}
        />
      </div>
      {problem !== null && (
        <ErrorNotice error={problem}>
          <div className="notice__action">
            <Button size="small" busy={busy} onClick={() => video.current && void renewal.renew(video.current)} data-testid="replay-again">
              Try again
            </Button>
          </div>
        </ErrorNotice>
      )}
    </>
  );
}

/** Roles that may ask for a composite again, as the server's permission table has it. */
const composes: ReadonlySet<string> = new Set(['organiser', 'host', 'cohost']);

function NotYet({ recording, access, changed }: { recording: Recording; access: EventAccess; changed: () => void }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const again = (): void => {
    setBusy(true);
    setError(null);
    access
      .call(`/recordings/${encodeURIComponent(recording.id)}/compose`, { method: 'POST' })
      .then(changed, setError)
      .finally(() => setBusy(false));
  };
  if (recording.status === 'failed') {
    return (
      <div className="player player--waiting player--failed" data-testid="recording-failed" role="alert">
        <CircleAlert size={32} aria-hidden="true" />
        <strong>This recording failed</strong>
        <p>{recording.failure?.detail ?? 'No reason was given.'}</p>
        {recording.failure && <code>{recording.failure.code}</code>}
        {composes.has(access.participant?.role ?? '') && (
          <>
            <p>What was recorded of it is kept for 30 days.</p>
            <Button busy={busy} onClick={again} data-testid="compose-again">
              Compose the video again
            </Button>
          </>
        )}
        {error !== null && <ErrorNotice error={error} />}
      </div>
    );
  }
  const progress = recording.status === 'composing' ? (recording.progress ?? 0) : 0;
  return (
    <div className="player player--waiting" data-testid="recording-progress" data-status={recording.status} role="status">
      {recording.status === 'recording' || recording.status === 'starting' ? (
        <>
          <span className="badge badge--live">
            <span className="dot dot--pulse" /> {recording.status === 'starting' ? 'Starting' : 'Recording'} <Elapsed since={recording.startedAt} />
          </span>
          <p>{recording.failure?.detail ?? 'The session is being recorded. The video is made when it stops.'}</p>
        </>
      ) : (
        <>
          <strong>Composing the video{recording.status === 'composing' ? ` · ${Math.round(progress * 100)} %` : ''}</strong>
          <div className="player__progress">
            <Progress value={progress} label="Composing the video" />
          </div>
          {recording.failure && (
            <p>
              It waits: {recording.failure.detail} <code>{recording.failure.code}</code>
            </p>
          )}
          <p>It starts here by itself when it is ready.</p>
        </>
      )}
    </div>
  );
}

function Details({ playback }: { playback: Playback }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(playback.checksum).then(
      () => setCopied(true),
      () => setCopied(false), // the browser refuses: the text can be selected by hand
    );
  };
  return (
    <dl className="details">
      <div>
        <dt>Length</dt>
        <dd className="tabular">{duration(playback.durationMs)}</dd>
      </div>
      <div>
        <dt>Picture</dt>
        <dd className="tabular">
          {playback.width} × {playback.height}
        </dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd className="tabular">{bytes(playback.size)}</dd>
      </div>
      <div className="details__wide">
        <dt>SHA-256</dt>
        <dd className="checksum">
          <code data-testid="replay-checksum">{playback.checksum}</code>
          <Button look="quiet" size="small" onClick={copy} aria-label="Copy the checksum">
            {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
          </Button>
        </dd>
      </div>
    </dl>
  );
}

function fileName(event: EventDetail, session: string | undefined): string {
  const words = `${event.slug} ${session ?? ''}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `${words.replace(/^-+|-+$/g, '')}.mp4`;
}
