import { Lock, MicOff, MonitorUp } from 'lucide-react';
import { memo, useEffect, useRef, useState } from 'react';
import { Avatar, Spinner } from '../../ui/parts';
import type { RtcSession } from '../../sdk/rtc';
import type { TileView } from './tiles';
import { useShownSize } from './shownSize';

export const Tile = memo(function Tile({ rtc, view, speaking, large }: { rtc: RtcSession; view: TileView; speaking: boolean; large?: boolean }) {
  const { video: track, self, kind } = view;
  const frame = useRef<HTMLElement>(null);
  useShownSize(rtc, view.trackId, frame);
  const video = useRef<HTMLVideoElement>(null);
  const [playing, setPlaying] = useState(false);
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    setPlaying(false);
    element.srcObject = track ? new MediaStream([track]) : null;
    if (!track) return;
    const play = (): void =>
      void element.play().catch((error: unknown) => {
        // An interrupted play() is followed by the next source. Refused, without sound too, by Safari to save power: any click allows it.
        if ((error as Error).name === 'NotAllowedError') document.addEventListener('click', play, { once: true });
      });
    play();
    return () => document.removeEventListener('click', play);
  }, [track]);

  const label = kind === 'screen' ? `${self ? 'Your' : `${view.name}’s`} screen` : self ? `${view.name} (you)` : view.name;
  const spoken = [label, view.micMuted === true && 'microphone off', view.reconnecting ? 'reconnecting' : view.encryption === 'locked' ? 'encrypted, and you have no key' : view.held ? 'picture paused' : !track && 'camera off', view.encryption === 'open' && 'end-to-end encrypted'].filter(Boolean).join(', ');
  return (
    <figure
      ref={frame}
      className={`tile ${kind === 'screen' ? 'tile--screen' : ''} ${large ? 'tile--large' : ''}`}
      data-testid={kind === 'screen' ? 'screen-tile' : 'tile'}
      data-participant={view.participantId}
      data-self={self}
      data-speaking={speaking}
      data-video={playing && track !== null}
      data-held={view.held}
      data-reconnecting={view.reconnecting}
      aria-label={spoken}
    >
      <video
        ref={video}
        autoPlay
        playsInline
        muted
        className={self && kind === 'person' ? 'mirrored' : ''}
        hidden={!track}
        onPlaying={() => setPlaying(true)}
        onResize={(event) => {
          setPlaying(true);
          setHeight(event.currentTarget.videoHeight);
        }}
      />
      {(!track || !playing) && kind === 'person' && (
        <div className="tile__face">
          <Avatar name={view.name} className="avatar--tile" />
        </div>
      )}
      {view.reconnecting && (
        <div className="tile__lost" data-testid="tile-reconnecting">
          <Spinner size={16} />
          <span>Reconnecting …</span>
        </div>
      )}
      <figcaption className="tile__name">
        {kind === 'screen' ? <MonitorUp size={14} aria-hidden="true" /> : view.micMuted === true && <MicOff size={14} aria-hidden="true" className="tile__muted" />}
        <span>{label}</span>
        {view.encryption && <Lock size={14} aria-hidden="true" data-testid="tile-encryption" data-state={view.encryption} />}
        {view.encryption === 'locked' ? (
          <span className="tile__size">encrypted, no key</span>
        ) : view.held ? (
          <span className="tile__size">picture paused</span>
        ) : (
          !self && track && playing && height > 0 && (
            <span className="tile__size" data-testid="tile-size" title="Lines of the picture that reaches you; it follows the tile’s size and your connection">
              {height}p
            </span>
          )
        )}
      </figcaption>
    </figure>
  );
});
