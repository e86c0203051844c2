import { useId, useState } from 'react';
import { Select } from '../../ui/parts';
import { allZones, hereZone, knowsZone, zoneWords } from '../../ui/zones';

const key = 'events.zone';

/** The zone that times are shown in: the reader's own unless another was chosen on this device. */
export function useZone(): [zone: string, choose: (zone: string) => void] {
  const [zone, setZone] = useState(() => {
    try {
      const kept = localStorage.getItem(key);
      return kept && knowsZone(kept) ? kept : hereZone();
    } catch {
      return hereZone(); // storage is switched off
    }
  });
  const choose = (next: string): void => {
    setZone(next);
    keepZone(next);
  };
  return [zone, choose];
}

export function keepZone(zone: string): void {
  try {
    localStorage.setItem(key, zone);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}

export function ZoneSwitch({ zone, choose, eventZone }: { zone: string; choose: (zone: string) => void; eventZone: string }) {
  const id = useId();
  const here = hereZone();
  const others = allZones(zone).filter((name) => name !== here && name !== eventZone);
  return (
    <div className="zone">
      <label htmlFor={id}>Times in</label>
      <Select id={id} data-testid="zone" value={zone} onChange={(change) => choose(change.target.value)}>
        <option value={here}>{zoneWords(here)} (you)</option>
        {eventZone !== here && <option value={eventZone}>{zoneWords(eventZone)} (event)</option>}
        <optgroup label="All zones">
          {others.map((name) => (
            <option key={name} value={name}>
              {zoneWords(name)}
            </option>
          ))}
        </optgroup>
      </Select>
    </div>
  );
}
