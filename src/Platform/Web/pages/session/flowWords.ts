import type { EncodingStats, SubscriptionStats, TrackStats, TransportStats, ViewerStats } from '../../sdk/event';

/** What the statistics of a room are called in words. */

export const sources: Record<TrackStats['source'], string> = {
  camera: 'Camera',
  microphone: 'Microphone',
  screen: 'Screen',
  screen_audio: 'Screen’s sound',
};

/** "connected, UDP" or what is wrong. */
export function path({ state, protocol }: TransportStats): string {
  if (state === 'connected') return protocol === 'tcp' ? 'TCP' : 'UDP';
  return { connecting: 'Connecting', consent_lost: 'Does not answer', closed: 'Not connected' }[state];
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

export function milliseconds(value: number | null): string {
  return value === null ? '–' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** The largest that arrives: "1280×720, 30 frames/s". */
export function arriving({ encodings }: TrackStats): string {
  const largest = encodings.filter(({ active, width }) => active && width > 0).sort((a, b) => b.width - a.width)[0];
  return largest ? `${largest.width}×${largest.height}, ${Math.round(largest.frameRate)} frames/s` : '–';
}

/** Of all encodings of a track together: what it costs its sender, and the worst of what happens to it. */
export function sent({ encodings }: TrackStats): { bitrate: number; loss: number; jitterMs: number; layers: string } {
  const worst = (of: (encoding: EncodingStats) => number): number => Math.max(0, ...encodings.filter(({ active }) => active).map(of));
  return {
    bitrate: encodings.reduce((sum, { bitrate }) => sum + bitrate, 0),
    loss: worst(({ loss }) => loss),
    jitterMs: worst(({ jitterMs }) => jitterMs),
    layers: encodings.length > 1 ? `${encodings.filter(({ active }) => active).length} of ${encodings.length}` : '–',
  };
}

/** The pictures that somebody is shown, each size once: "1280×720, 2 × 320×180; 1 held back". */
export function pictures({ subscriptions }: ViewerStats): string {
  const videos = subscriptions.filter(({ kind }) => kind === 'video');
  if (videos.length === 0) return '–';
  const sizes = new Map<string, number>();
  for (const { layer } of videos) {
    if (!layer) continue;
    const size = layer.width > 0 ? `${layer.width}×${layer.height}` : 'size unknown';
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
  }
  const shown = [...sizes].map(([size, count]) => (count > 1 ? `${count} × ${size}` : size)).join(', ');
  const count = (is: (subscription: SubscriptionStats) => boolean, what: string): string[] => {
    const number = videos.filter(is).length;
    return number > 0 ? [`${number} ${what}`] : [];
  };
  const rest = [
    ...count(({ paused }) => paused === 'bandwidth', 'held back'),
    ...count(({ paused }) => paused === 'viewer' || paused === 'last_n', 'not wanted'),
    ...count(({ frozen }) => frozen, 'frozen'),
  ].join(', ');
  return [shown, rest].filter(Boolean).join('; ') || 'waiting';
}

/** "3, 4.2 s" of freezes. */
export function freezes({ freezes, frozenMs }: { freezes: number; frozenMs: number }): string {
  return freezes === 0 ? 'none' : `${freezes}, ${(frozenMs / 1000).toFixed(1)} s`;
}

/** Somebody should look at it: cut off, frozen, held back, or a path that speech does not survive. */
export function suffers(viewer: ViewerStats): boolean {
  return (
    viewer.transport.state === 'consent_lost' ||
    viewer.loss > 0.05 ||
    (viewer.roundTripMs ?? 0) > 400 ||
    viewer.subscriptions.some(({ frozen, paused }) => frozen || paused === 'bandwidth')
  );
}
