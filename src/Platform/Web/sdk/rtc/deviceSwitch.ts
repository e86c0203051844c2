import { DeviceError } from './devices';
import type { LocalTrack } from './localTrack';
import type { RtcSession } from './session';

type Open = () => Promise<MediaStreamTrack>;

/**
 * Sends from another device what a local track sends now. The present one goes on until the other is open, so that nothing is missed; where two do not run side by side (phones'
 * cameras), it is let go first, and had again when the other cannot be.
 */
export async function switchDevice(rtc: Pick<RtcSession, 'replace'>, local: LocalTrack, open: Open, back: Open): Promise<void> {
  const before = local.track;
  let track: MediaStreamTrack;
  try {
    track = await open();
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== 'busy' || !before || local.track !== before) throw await stillThere(rtc, local, back, error);
    before.stop();
    try {
      track = await open();
    } catch (reason) {
      throw await stillThere(rtc, local, back, reason);
    }
  }
  await rtc.replace(local, track);
}

/** What could not be replaced goes on: some browsers end or silence it when another one is asked for. */
async function stillThere(rtc: Pick<RtcSession, 'replace'>, local: LocalTrack, back: Open, reason: unknown): Promise<unknown> {
  if (local.track && (local.track.readyState === 'ended' || local.track.muted)) await back().then((track) => rtc.replace(local, track), () => undefined); // the reason says it
  return reason;
}
