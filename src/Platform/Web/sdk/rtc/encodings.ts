import type { TrackSource } from './contract';

export type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1';

/** Upper bounds of what we send: 1280×720 at 30 frames/s of VP8 is good at 1.7 Mbit/s; text on a shared screen wants a little more. */
const camera = 1_700_000;
const screen = 2_500_000;

/** Half the size at each step costs about a third of the bits. */
const layers: RTCRtpEncodingParameters[] = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: camera },
];

/**
 * The encodings of a track. A camera is sent in three sizes, so that each viewer gets the one that fits its tile and its network: as simulcast
 * in VP8 and H264; in VP9 and AV1 as spatial layers of one stream, predicted from each other in keyframes only, so that a viewer need
 * not be sent the lower ones. A shared screen is one stream: small text has no use for a quarter of the size.
 */
export function encodingsOf(source: TrackSource, codec: VideoCodec | undefined): RTCRtpEncodingParameters[] | undefined {
  if (source === 'screen') return [{ maxBitrate: screen }];
  if (source !== 'camera') return undefined;
  // lib.dom does not know scalabilityMode yet (W3C webrtc-svc §4.1).
  if (codec === 'vp9' || codec === 'av1') return [{ maxBitrate: camera, scalabilityMode: 'L3T3_KEY' } as RTCRtpEncodingParameters];
  return layers.map((layer) => ({ ...layer }));
}

/** The browser's codecs with the wanted one first; undefined leaves its own order. */
export function preferred(codec: VideoCodec | undefined): RTCRtpCodec[] | undefined {
  if (!codec || typeof RTCRtpSender === 'undefined') return undefined;
  const all = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const wanted = all.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`);
  return wanted.length > 0 ? [...wanted, ...all.filter((other) => !wanted.includes(other))] : undefined;
}

/** Starts and stops encodings as they are watched. The order is that of the offer; rids decide where there are any. */
export async function applyDemand(sender: RTCRtpSender, encodings: readonly { rid: string | null; active: boolean }[]): Promise<void> {
  const parameters = sender.getParameters();
  let changed = false;
  parameters.encodings.forEach((encoding, index) => {
    const demand = encodings.find(({ rid }) => rid !== null && rid === encoding.rid) ?? encodings[index];
    if (!demand || (encoding.active ?? true) === demand.active) return;
    encoding.active = demand.active;
    changed = true;
  });
  if (changed) await sender.setParameters(parameters);
}
