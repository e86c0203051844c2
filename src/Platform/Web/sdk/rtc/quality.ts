/** What the connection is like, from getStats() of both peer connections; null where nothing was measured. */
export interface Quality {
  level: 'good' | 'fair' | 'poor' | 'unknown';
  rttMs: number | null;
  /** Share of packets lost since the last sample, the worse of both directions, 0…1. */
  loss: number | null;
  sendBitsPerSecond: number | null;
  receiveBitsPerSecond: number | null;
  sendFramesPerSecond: number | null;
  receiveFramesPerSecond: number | null;
  sendResolution: string | null;
  receiveResolution: string | null;
  sendCodecs: string[];
  receiveCodecs: string[];
  srtpCipher: string | null;
}

export const unknownQuality: Quality = {
  level: 'unknown',
  rttMs: null,
  loss: null,
  sendBitsPerSecond: null,
  receiveBitsPerSecond: null,
  sendFramesPerSecond: null,
  receiveFramesPerSecond: null,
  sendResolution: null,
  receiveResolution: null,
  sendCodecs: [],
  receiveCodecs: [],
  srtpCipher: null,
};

// lib.dom knows getStats() only as a bag; these are the members of W3C webrtc-stats that we read.
type Stat = RTCStats & Record<string, unknown>;

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const total = (stats: Stat[], member: string): number => stats.reduce((sum, stat) => sum + (number(stat[member]) ?? 0), 0);

interface Counters {
  atMs: number;
  sent: number;
  received: number;
  packets: number;
  lost: number;
}

/** Turns successive reports into rates. */
export class QualityMeter {
  private before: Counters | undefined;

  sample(publisher: RTCStatsReport | null, subscriber: RTCStatsReport | null, nowMs: number): Quality {
    const out = list(publisher);
    const into = list(subscriber);
    const outbound = ofType(out, 'outbound-rtp');
    const inbound = ofType(into, 'inbound-rtp');
    const remote = ofType(out, 'remote-inbound-rtp');
    const pairs = [...out, ...into].filter((stat) => stat.type === 'candidate-pair' && stat['nominated'] === true);
    const transports = [...ofType(out, 'transport'), ...ofType(into, 'transport')];

    const now: Counters = {
      atMs: nowMs,
      sent: total(outbound, 'bytesSent'),
      received: total(inbound, 'bytesReceived'),
      packets: total(inbound, 'packetsReceived'),
      lost: total(inbound, 'packetsLost'),
    };
    const before = this.before;
    this.before = now;
    const seconds = before ? (now.atMs - before.atMs) / 1000 : 0;
    const rate = (next: number, last: number): number | null => (seconds > 0 ? Math.max(0, ((next - last) * 8) / seconds) : null);

    const rtts = pairs.map((pair) => number(pair['currentRoundTripTime'])).filter((rtt) => rtt !== null);
    const rttMs = rtts.length > 0 ? Math.round(Math.max(...rtts) * 1000) : null;
    const losses = remote.map((stat) => number(stat['fractionLost'])).filter((loss) => loss !== null);
    if (before) {
      const lost = Math.max(0, now.lost - before.lost);
      const packets = Math.max(0, now.packets - before.packets);
      if (lost + packets > 0) losses.push(lost / (lost + packets));
    }
    const loss = losses.length > 0 ? Math.max(...losses) : null;
    const cipher = transports.map((stat) => stat['srtpCipher']).find((value) => typeof value === 'string');

    return {
      level: level(rttMs, loss),
      rttMs,
      loss,
      sendBitsPerSecond: before && outbound.length > 0 ? rate(now.sent, before.sent) : null,
      receiveBitsPerSecond: before && inbound.length > 0 ? rate(now.received, before.received) : null,
      sendFramesPerSecond: most(outbound, 'framesPerSecond'),
      receiveFramesPerSecond: most(inbound, 'framesPerSecond'),
      sendResolution: resolution(outbound),
      receiveResolution: resolution(inbound),
      sendCodecs: codecs(out, outbound),
      receiveCodecs: codecs(into, inbound),
      srtpCipher: (cipher as string | undefined) ?? null,
    };
  }
}

function list(report: RTCStatsReport | null): Stat[] {
  const stats: Stat[] = [];
  report?.forEach((stat: Stat) => stats.push(stat));
  return stats;
}

const ofType = (stats: Stat[], type: string): Stat[] => stats.filter((stat) => stat.type === type);

/** Above 400 ms a conversation falls apart, above 200 ms it is felt (ITU-T G.114 §4); at 8 % loss Opus with FEC still speaks, at 2 % video needs repair. */
function level(rttMs: number | null, loss: number | null): Quality['level'] {
  if (rttMs === null && loss === null) return 'unknown';
  if ((rttMs ?? 0) > 400 || (loss ?? 0) > 0.08) return 'poor';
  if ((rttMs ?? 0) > 200 || (loss ?? 0) > 0.02) return 'fair';
  return 'good';
}

function most(stats: Stat[], member: string): number | null {
  const values = stats.map((stat) => number(stat[member])).filter((value) => value !== null);
  return values.length > 0 ? Math.round(Math.max(...values)) : null;
}

function resolution(stats: Stat[]): string | null {
  const sizes = stats
    .map((stat) => ({ width: number(stat['frameWidth']) ?? 0, height: number(stat['frameHeight']) ?? 0 }))
    .sort((a, b) => b.width * b.height - a.width * a.height);
  const first = sizes[0];
  return first && first.width > 0 ? `${first.width}×${first.height}` : null;
}

function codecs(all: Stat[], streams: Stat[]): string[] {
  const byId = new Map(all.map((stat) => [stat.id, stat]));
  const names = streams.flatMap((stream) => {
    const mime = byId.get(String(stream['codecId']))?.['mimeType'];
    return typeof mime === 'string' ? [mime.slice(mime.indexOf('/') + 1)] : [];
  });
  return [...new Set(names)].sort();
}
