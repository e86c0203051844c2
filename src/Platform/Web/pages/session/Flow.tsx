import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { EventAccess, PublisherStats, RoomStats, Session, TrackStats, ViewerStats } from '../../sdk/event';
import { Dialog } from '../../ui/dialog';
import { bitrate } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { arriving, freezes, milliseconds, path, percent, pictures, sent, sources, suffers } from './flowWords';

/** How media flows in the room, for those who run it: what is published, and who receives it badly. */
export function Flow({ access, session, close }: { access: EventAccess; session: Session; close: () => void }) {
  const stats = useLoad(
    (signal) => access.call<RoomStats>(`/sessions/${session.id}/room/stats`, { signal }),
    session.id,
    () => 2_000,
  );
  return (
    <Dialog title="Connections" close={close} wide="full">
      <div className="flow" data-testid="flow">
        <Loaded of={stats}>{(value) => <Tables stats={value} />}</Loaded>
      </div>
    </Dialog>
  );
}

function Tables({ stats: { totals, publishers, viewers } }: { stats: RoomStats }) {
  const others = totals.viewers - viewers.length;
  return (
    <>
      <dl className="figures tabular">
        <Figure name="Watching" value={`${totals.connected} of ${totals.viewers}${totals.overTcp > 0 ? `, ${totals.overTcp} by TCP` : ''}`} />
        <Figure name="Frozen, held back" value={`${totals.frozen}, ${totals.heldBack}`} />
        <Figure name="Round trip, loss" value={`${milliseconds(totals.roundTripMs)}, ${percent(totals.loss)}`} />
        <Figure name="In, out" value={`${bitrate(totals.bitrateIn)}, ${bitrate(totals.bitrateOut)}`} />
      </dl>
      <Table name="Published" head={['Who', 'What', 'Path', 'Picture', 'Layers', 'Bitrate', 'Loss', 'Jitter', 'Freezes']}>
        {publishers.flatMap((publisher) => publisher.tracks.map((track) => <Published key={track.trackId} publisher={publisher} track={track} />))}
      </Table>
      <Table name="Watching, the worst first" head={['Who', 'Path', 'Round trip', 'Loss', 'Jitter', 'Receives', 'Path carries', 'Pictures', 'Freezes']}>
        {viewers.map((viewer) => (
          <Viewer key={viewer.participantId} viewer={viewer} />
        ))}
      </Table>
      {others > 0 && <p className="quiet">{others} more are watching, and none of them has it worse.</p>}
    </>
  );
}

/** Wider than a phone: it scrolls by itself, and by the keyboard. */
function Table({ name, head, children }: { name: string; head: string[]; children: ReactNode[] }) {
  return (
    <div className="flow__scroll" role="region" tabIndex={0} aria-label={name}>
      <table className="flow__table tabular">
        <caption>{name}</caption>
        <thead>
          <tr>
            {head.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {children.length > 0 ? (
            children
          ) : (
            <tr>
              <td colSpan={head.length}>Nobody yet.</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Published({ publisher, track }: { publisher: PublisherStats; track: TrackStats }) {
  const { bitrate: rate, loss, jitterMs, layers } = sent(track);
  return (
    <tr data-testid="flow-published" data-participant={publisher.participantId} data-source={track.source}>
      <Who name={publisher.name} warn={track.frozen} />
      <td>
        {sources[track.source]}
        {track.codec && ` (${track.codec === 'opus' ? 'Opus' : track.codec.toUpperCase()})`}
        {track.muted && ', muted'}
      </td>
      <td>{path(publisher.transport)}</td>
      <td data-column="picture">{arriving(track)}</td>
      <td>{layers}</td>
      <td data-column="bitrate">{bitrate(rate)}</td>
      <td>{percent(loss)}</td>
      <td>{milliseconds(jitterMs)}</td>
      <td>{track.kind === 'video' ? freezes(track) : '–'}</td>
    </tr>
  );
}

function Viewer({ viewer }: { viewer: ViewerStats }) {
  return (
    <tr data-testid="flow-viewer" data-participant={viewer.participantId}>
      <Who name={viewer.name} warn={suffers(viewer)} />
      <td>{path(viewer.transport)}</td>
      <td data-column="round-trip">{milliseconds(viewer.roundTripMs)}</td>
      <td>{percent(viewer.loss)}</td>
      <td>{milliseconds(viewer.jitterMs)}</td>
      <td data-column="bitrate">{bitrate(viewer.bitrate)}</td>
      <td>{bitrate(viewer.estimate)}</td>
      <td data-column="pictures">{pictures(viewer)}</td>
      <td>{freezes(viewer)}</td>
    </tr>
  );
}

function Who({ name, warn }: { name: string | null; warn: boolean }) {
  return (
    <th scope="row">
      {name ?? <em>Hidden</em>}
      {warn && <TriangleAlert size={15} className="flow__warn" aria-label="has trouble" />}
    </th>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
