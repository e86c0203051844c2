import { RtcError, type SubscribedTrack, type SubscribeOffer } from './contract';
import { isEncrypted, type FrameEncryption } from './frameEncryption';

export interface SubscriberWire {
  answer(revision: number, sdp: string): Promise<void>;
}

export interface RemoteMedia {
  trackId: string;
  track: MediaStreamTrack;
}

/**
 * The peer connection that receives. The server offers, we answer, strictly one after the other. An offer that is older
 * than the last one is ignored; the last one again (after a resume) gets the same answer again.
 */
export class Subscriber {
  private next: SubscribeOffer | undefined;
  private running: Promise<void> | undefined;
  private last: { revision: number; sdp: string; acknowledged: boolean } | undefined;
  private closed = false;
  private known: SubscribedTrack[] = [];
  /** What each receiver decrypts, by its track's id. */
  private readonly decrypted = new Map<RTCRtpReceiver, string>();

  constructor(
    readonly pc: RTCPeerConnection,
    private readonly wire: SubscriberWire,
    private readonly changed: (media: RemoteMedia[]) => void,
    private readonly encryption?: FrameEncryption,
  ) {}

  get used(): boolean {
    return this.known.length > 0;
  }

  /** Takes an offer; resolves when every offer taken so far has been answered or ignored. */
  accept(offer: SubscribeOffer): Promise<void> {
    if (!this.next || offer.revision > this.next.revision) this.next = offer;
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  close(): void {
    this.closed = true;
    this.pc.close();
  }

  private async run(): Promise<void> {
    while (this.next && !this.closed) {
      const offer = this.next;
      this.next = undefined;
      if (this.last && offer.revision < this.last.revision) continue;
      if (this.last?.revision === offer.revision) {
        if (!this.last.acknowledged) await this.send(this.last);
        continue;
      }
      await this.pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
      this.decrypt(offer.tracks);
      const answer = await this.pc.createAnswer();
      await this.pc.setLocalDescription(answer);
      if (this.closed) return;
      this.known = offer.tracks;
      this.last = {
        revision: offer.revision,
        sdp: this.pc.localDescription?.sdp ?? answer.sdp ?? '',
        acknowledged: false,
      };
      this.changed(this.media());
      await this.send(this.last);
    }
  }

  private async send(answer: { revision: number; sdp: string; acknowledged: boolean }): Promise<void> {
    try {
      await this.wire.answer(answer.revision, answer.sdp);
      answer.acknowledged = true;
    } catch (error) {
      if (!(error instanceof RtcError && error.code === 'stale_revision')) throw error; // a newer offer is on its way
    }
  }

  /** What is encrypted is shown only to who can decrypt it: to a decoder it is noise. */
  private media(): RemoteMedia[] {
    return this.lines(this.known)
      .filter(({ track }) => this.encryption !== undefined || !isEncrypted(track))
      .map(({ track, receiver }) => ({ trackId: track.trackId, track: receiver.track }));
  }

  /** Before the answer, so that nothing comes before the receiver's transform is there. */
  private decrypt(tracks: SubscribedTrack[]): void {
    for (const { track, receiver } of this.lines(tracks)) {
      const wanted = this.encryption && isEncrypted(track) ? track.trackId : undefined;
      if (this.decrypted.get(receiver) === wanted) continue;
      if (wanted === undefined) {
        this.decrypted.delete(receiver);
        receiver.transform = null;
      } else {
        this.decrypted.set(receiver, wanted);
        this.encryption?.decrypt(receiver, track);
      }
    }
  }

  private lines(tracks: SubscribedTrack[]): { track: SubscribedTrack; receiver: RTCRtpReceiver }[] {
    const byMid = new Map(this.pc.getTransceivers().map((transceiver) => [transceiver.mid, transceiver]));
    return tracks.flatMap((track) => {
      const transceiver = byMid.get(track.mid);
      return transceiver ? [{ track, receiver: transceiver.receiver }] : [];
    });
  }
}
