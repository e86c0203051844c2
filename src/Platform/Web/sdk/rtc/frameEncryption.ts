import type { SubscribedTrack, TrackEncryption, TrackKind, TrackSource } from './contract';

/**
 * Encrypts the frames that are sent and decrypts those that come, end to end: where its keys come from and who has them is its own business. The
 * server passes frames as they are. What has to stay readable in them is in docs/api.md, "Encrypted frames"; {@link passphraseEncryption} is an example.
 */
export interface FrameEncryption {
  /** What the others are told of our tracks. */
  readonly type: Exclude<TrackEncryption, 'none'>;
  /** Takes a sender, before anything is sent on it. */
  encrypt(sender: RTCRtpSender, track: { kind: TrackKind; source: TrackSource }): void;
  /** Takes the receiver of an encrypted track, before anything of it is shown; again when another track comes on it. */
  decrypt(receiver: RTCRtpReceiver, track: SubscribedTrack): void;
}

export const isEncrypted = ({ encryption }: { encryption?: TrackEncryption }): boolean => (encryption ?? 'none') !== 'none';
