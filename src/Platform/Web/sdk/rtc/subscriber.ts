import { Backoff, pause } from './backoff';
import { RtcError, type SubscribedTrack, type SubscribeOffer } from './contract';
import { isEncrypted, type FrameEncryption } from './frameEncryption';
import { isPassing } from './recovery';

export interface SubscriberWire {
  answer(revision: number, sdp: string): Promise<void>;
  /** An offer in place of the one that waits for its answer. */
  freshOffer(): Promise<SubscribeOffer>;
  /** This browser takes no offer any more: the connection must be made anew. */
  giveUp(): void;
}

export interface RemoteMedia {
  trackId: string;
  track: MediaStreamTrack;
}

/** After these the session has another way on: a resume, a rejoin, or the server's next offer. */
const healedElsewhere = new Set(['hub_lost', 'participant_gone', 'nothing_to_subscribe']);
const refusalsBeforeGivingUp = 3;

/**
 * The peer connection that receives. The server offers, we answer, strictly one after the other. An offer that is older
 * than the last one is ignored; the last one again (after a resume) gets the same answer again. The server offers nothing more
 * until it has an answer that it takes: one that it refuses is given again, or to a fresh offer, until it is taken.
 */
export class Subscriber {
  private next: SubscribeOffer | undefined;
  private again = newBackoff();
  private waiting = new AbortController();
  /** Offers that the browser refused since the last that it took. */
  private refusals = 0;
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
    this.queue(offer);
    this.waiting.abort();
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  close(): void {
    this.closed = true;
    this.waiting.abort();
    this.pc.close();
  }

  private async run(): Promise<void> {
    while (this.next && !this.closed) {
      const offer = this.next;
      this.next = undefined;
      try {
        await this.take(offer);
        this.again = newBackoff();
      } catch (error) {
        await this.mend(offer, error);
      }
    }
  }

  private async take(offer: SubscribeOffer): Promise<void> {
    if (this.last && offer.revision < this.last.revision) return;
    if (this.last?.revision === offer.revision) {
      if (!this.last.acknowledged) await this.send(this.last);
      return;
    }
    await this.pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
    this.decrypt(offer.tracks);
    const answer = await this.pc.createAnswer();
    await this.pc.setLocalDescription(answer);
    if (this.closed) return;
    this.refusals = 0;
    this.known = offer.tracks;
    this.last = {
      revision: offer.revision,
      sdp: this.pc.localDescription?.sdp ?? answer.sdp ?? '',
      acknowledged: false,
    };
    this.changed(this.media());
    await this.send(this.last);
  }

  private async send(answer: { revision: number; sdp: string; acknowledged: boolean }): Promise<void> {
    try {
      await this.wire.answer(answer.revision, answer.sdp);
      answer.acknowledged = true;
    } catch (error) {
      if (!(error instanceof RtcError && error.code === 'stale_revision')) throw error; // a newer offer is on its way
    }
  }

  /** The offer came to nothing: says what is taken next, and when. */
  private async mend(offer: SubscribeOffer, error: unknown): Promise<void> {
    if (this.closed || this.next) return;
    if (error instanceof RtcError && healedElsewhere.has(error.code)) throw error;
    if (!(error instanceof RtcError)) {
      this.refusals += 1;
      if (this.refusals === refusalsBeforeGivingUp) return this.wire.giveUp();
    }
    this.waiting = new AbortController();
    await pause(this.again.next(), this.waiting.signal);
    if (this.closed || this.next) return;
    let next = offer;
    if (!isPassing(error)) {
      try {
        next = await this.wire.freshOffer();
      } catch (reason) {
        if (!(reason instanceof RtcError) || healedElsewhere.has(reason.code)) throw reason;
      }
    }
    this.queue(next);
  }

  private queue(offer: SubscribeOffer): void {
    if (!this.next || offer.revision > this.next.revision) this.next = offer;
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

/** The first wait is a second already: what refused us is asked to breathe. */
function newBackoff(): Backoff {
  const backoff = new Backoff(1_000, 30_000);
  backoff.next();
  return backoff;
}
