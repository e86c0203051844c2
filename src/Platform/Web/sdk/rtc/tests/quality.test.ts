import { describe, expect, it } from 'vitest';
import { QualityMeter } from '../quality';

const report = (...stats: Record<string, unknown>[]): RTCStatsReport => new Map(stats.map((stat) => [stat['id'], stat])) as unknown as RTCStatsReport;

describe('quality', () => {
  it('turns counters into rates, names codecs and the cipher', () => {
    const meter = new QualityMeter();
    const at = (second: number) =>
      meter.sample(
        report(
          { id: 'o', type: 'outbound-rtp', codecId: 'c', bytesSent: second * 125_000, framesPerSecond: 30, frameWidth: 1280, frameHeight: 720 },
          { id: 'c', type: 'codec', mimeType: 'video/VP8' },
          { id: 'p', type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.042 },
          { id: 't', type: 'transport', srtpCipher: 'AEAD_AES_128_GCM' },
          { id: 'r', type: 'remote-inbound-rtp', fractionLost: 0.005 },
        ),
        null,
        second * 1000,
      );
    expect(at(0).sendBitsPerSecond).toBeNull();
    expect(at(2)).toMatchObject({ level: 'good', rttMs: 42, loss: 0.005, sendBitsPerSecond: 1_000_000, sendFramesPerSecond: 30, sendResolution: '1280×720', sendCodecs: ['VP8'], srtpCipher: 'AEAD_AES_128_GCM' });
  });

  it('is poor when a tenth of what arrives is missing', () => {
    const meter = new QualityMeter();
    const inbound = (packetsReceived: number, packetsLost: number) => report({ id: 'i', type: 'inbound-rtp', packetsReceived, packetsLost, bytesReceived: 0 });
    meter.sample(null, inbound(0, 0), 0);
    expect(meter.sample(null, inbound(900, 100), 1000)).toMatchObject({ loss: 0.1, level: 'poor' });
  });

  it('knows nothing without a connection', () => {
    expect(new QualityMeter().sample(null, null, 0).level).toBe('unknown');
  });
});
