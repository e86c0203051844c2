import { CircleAlert, Clapperboard, Play } from 'lucide-react';
import type { EventDetail, Page, Recording } from '../../sdk/event';
import { bytes, duration, moment } from '../../ui/format';
import { useNow } from '../../ui/load';
import { More } from '../../ui/loaded';
import { usePages } from '../../ui/more';
import { Button, ErrorNotice, Progress, Skeleton } from '../../ui/parts';
import { Link } from '../../ui/router';
import { accessTo, useAccount } from '../account';

const unfinished = (recordings: Recording[] | null): boolean =>
  recordings?.some(({ status }) => status !== 'ready' && status !== 'failed') ?? false;

/** For who has entered. */
export function RecordingList({ event, slug }: { event: EventDetail; slug: string }) {
  const { me } = useAccount();
  const access = accessTo(event.id, me?.user.id ?? null);
  const recordings = usePages(
    (after, signal) => access.call<Page<Recording>>(`/events/${event.id}/recordings?limit=50${after ? `&after=${after}` : ''}`, { signal }),
    `${event.id}.${me?.user.id}`,
    (items) => (unfinished(items) ? 1_500 : 6_000),
  );
  const items = recordings.value ?? [];

  return (
    <section aria-label="Recordings">
      <h2 className="section-title">Recordings</h2>
      {recordings.loading && <Skeleton height={84} />}
      {recordings.error && (
        <ErrorNotice error={recordings.error}>
          <div className="notice__action">
            <Button size="small" onClick={recordings.reload}>
              Try again
            </Button>
          </div>
        </ErrorNotice>
      )}
      {recordings.value && items.length === 0 && (
        <p className="quiet">
          <Clapperboard size={18} aria-hidden="true" /> Nothing has been recorded yet.
        </p>
      )}
      <ul className="recordings">
        {items.map((recording) => (
          <li key={recording.id}>
            <RecordingItem recording={recording} slug={slug} title={event.sessions.find(({ id }) => id === recording.sessionId)?.name ?? 'Session'} />
          </li>
        ))}
      </ul>
      <More of={recordings} />
    </section>
  );
}

function RecordingItem({ recording, slug, title }: { recording: Recording; slug: string; title: string }) {
  const { status } = recording;
  return (
    <Link className="recording" href={`/e/${encodeURIComponent(slug)}/recordings/${recording.id}`} data-testid="recordings-item" data-status={status}>
      <span className={`recording__icon recording__icon--${status}`} aria-hidden="true">
        {status === 'failed' ? <CircleAlert size={18} /> : status === 'ready' ? <Play size={17} fill="currentColor" /> : <span className="dot dot--pulse" />}
      </span>
      <span className="recording__text">
        <strong>{title}</strong>
        <span className="recording__meta tabular">
          {moment(recording.startedAt)}
          <RecordingMeta recording={recording} />
        </span>
        {status === 'composing' && <Progress value={recording.progress ?? 0} label="Composing the video" />}
      </span>
    </Link>
  );
}

function RecordingMeta({ recording }: { recording: Recording }) {
  switch (recording.status) {
    case 'starting':
      return <> · starting</>;
    case 'recording':
      return (
        <>
          {' '}
          · recording <Elapsed since={recording.startedAt} />
        </>
      );
    case 'stopping':
      return <> · finishing</>;
    case 'composing':
      return (
        <span title={recording.failure?.detail}>
          {' '}
          · composing {Math.round((recording.progress ?? 0) * 100)} %{recording.failure && ', waiting'}
        </span>
      );
    case 'failed':
      return <> · failed{recording.failure?.code === 'track_encrypted' && ': all that was sent was end-to-end encrypted'}</>;
    case 'ready':
      return (
        <>
          {recording.durationMs !== null && <> · {duration(recording.durationMs)}</>}
          {recording.size !== null && <> · {bytes(recording.size)}</>}
          {recording.refused.map(({ code, detail, tracks }) => (
            <span key={code} title={detail}>
              {' '}
              · without {tracks} encrypted {tracks === 1 ? 'track' : 'tracks'}
            </span>
          ))}
        </>
      );
  }
}

export function Elapsed({ since }: { since: string | null }) {
  const now = useNow(1_000);
  return <span className="tabular">{since ? duration(now - Date.parse(since)) : '0:00'}</span>;
}
