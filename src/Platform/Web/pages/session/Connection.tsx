import { Signal, SignalHigh, SignalLow, SignalZero, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { ConnectionState, RtcSession } from '../../sdk/rtc';
import { bitrate } from '../../ui/format';
import { useRtc } from './useRtc';

const words: Record<ConnectionState, string> = {
  idle: 'Not connected',
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  failed: 'Connection failed',
  left: 'Left',
};

/** How the connection is, in one mark; the figures behind it on demand. */
export function Connection({ rtc }: { rtc: RtcSession }) {
  useRtc(rtc, 'state', 'quality');
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : !root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('keydown', away);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('keydown', away);
    };
  }, [open]);
  const { state, quality } = rtc;
  const level = state === 'connected' ? quality.level : state;
  return (
    <div className="connection" ref={root}>
      <button
        type="button"
        className={`chip chip--${level}`}
        data-testid="connection-state"
        data-state={state}
        data-quality={quality.level}
        aria-expanded={open}
        aria-label={`${words[state]}${state === 'connected' && quality.level !== 'unknown' ? `, quality ${quality.level}` : ''}. Show details`}
        onClick={() => setOpen(!open)}
      >
        {state !== 'connected' ? <SignalZero size={17} /> : quality.level === 'poor' ? <SignalLow size={17} /> : quality.level === 'fair' ? <SignalHigh size={17} /> : <Signal size={17} />}
        <span className="chip__text">{words[state]}</span>
      </button>
      {open && (
        <div className="popover" role="dialog" aria-label="Connection details">
          <div className="popover__head">
            <strong>Connection</strong>
            <button type="button" className="icon-button" aria-label="Close" onClick={() => setOpen(false)}>
              <X size={17} />
            </button>
          </div>
          <dl className="figures tabular">
            <Figure name="Round trip" value={quality.rttMs === null ? '–' : `${quality.rttMs} ms`} />
            <Figure name="Loss" value={quality.loss === null ? '–' : `${(quality.loss * 100).toFixed(1)} %`} />
            <Figure name="Sending" value={bitrate(quality.sendBitsPerSecond)} />
            <Figure name="Receiving" value={bitrate(quality.receiveBitsPerSecond)} />
            <Figure name="Picture sent" value={picture(quality.sendResolution, quality.sendFramesPerSecond)} />
            <Figure name="Picture received" value={picture(quality.receiveResolution, quality.receiveFramesPerSecond)} />
            <Figure name="Codecs" value={[...new Set([...quality.sendCodecs, ...quality.receiveCodecs])].join(', ') || '–'} />
            <Figure name="Encryption" value={quality.srtpCipher ?? '–'} />
          </dl>
        </div>
      )}
    </div>
  );
}

function picture(resolution: string | null, frames: number | null): string {
  if (!resolution) return '–';
  return frames === null ? resolution : `${resolution}, ${frames} frames/s`;
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
