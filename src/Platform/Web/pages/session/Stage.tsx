import { Users } from 'lucide-react';
import { useEffect, useRef, useState, type CSSProperties } from 'react';
import type { RtcSession } from '../../sdk/rtc';
import { Blank } from '../../ui/parts';
import { fillGrid } from './layout';
import { Tile } from './Tile';
import { tilesOf } from './tiles';
import { useRtc } from './useRtc';

/** Below this share of full scale a level is breathing and keyboards. */
const speakingLevel = 0.02;
const gap = 10;

export function Stage({ rtc }: { rtc: RtcSession }) {
  useRtc(rtc, 'roster', 'media', 'local', 'speakers', 'held');
  const { people, screens, hidden, offStage } = tilesOf(rtc);
  const unseen = offStage.join(' ');
  useEffect(() => {
    for (const trackId of unseen.split(' ').filter(Boolean)) rtc.setVideo(trackId, { paused: true });
  }, [rtc, unseen]);
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const speaking = (participantId: string): boolean => (rtc.speakers.get(participantId) ?? 0) > speakingLevel;

  const grid = fillGrid(people.length, size.width, size.height, gap);
  const style = { '--columns': grid.columns, '--tile-w': `${grid.width}px`, '--tile-h': `${grid.height}px` } as CSSProperties;
  const screen = screens[0];
  return (
    <div className={`stage ${screen ? 'stage--screen' : ''}`}>
      {screen && (
        <div className="stage__screens">
          {screens.map((view) => (
            <Tile key={view.key} rtc={rtc} view={view} speaking={false} large />
          ))}
        </div>
      )}
      <div className="stage__people" ref={box} tabIndex={screen ? 0 : undefined} role={screen ? 'group' : undefined} aria-label={screen ? 'People' : undefined} style={style} data-count={people.length}>
        {people.map((view) => (
          <Tile key={view.key} rtc={rtc} view={view} speaking={speaking(view.participantId)} />
        ))}
        {people.length === 0 && (
          <Blank icon={<Users size={32} />} title="Nobody is on stage yet">
            <p>You will see and hear people here as soon as they join.</p>
          </Blank>
        )}
      </div>
      {hidden > 0 && <p className="stage__hidden badge">+{hidden} more in the list of people</p>}
    </div>
  );
}
