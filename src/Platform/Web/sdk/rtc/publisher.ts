import { HubLost, type TrackDeclaration, type TrackSource } from './contract';
import { DataChannels, type DataChannelsWire } from './dataChannels';
import { applyDemand, encodingsOf, preferred, type VideoCodec } from './encodings';
import type { FrameEncryption } from './frameEncryption';

export interface PublisherWire {
  publish(sdp: string, tracks: TrackDeclaration[]): Promise<string>;
}

interface Line {
  source: TrackSource;
  transceiver: RTCRtpTransceiver;
  muted: boolean;
  demand: Promise<void>;
}

/**
 * The peer connection that sends. Every change asks for a negotiation; negotiations run one after the other, and changes
 * that arrive meanwhile share the next one.
 */
export class Publisher {
  private readonly lines: Line[] = [];
  private wanted = false;
  private restartIce = false;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(
    readonly pc: RTCPeerConnection,
    private readonly wire: PublisherWire,
    private readonly videoCodec?: VideoCodec,
    data?: DataChannelsWire,
    private readonly encryption?: FrameEncryption,
  ) {
    this.data = data ? new DataChannels(pc, data) : null;
  }

  /** Both data channels; null when they are not wanted. */
  readonly data: DataChannels | null;

  /** True once something is or was sent, so that the connection's state means something. */
  get used(): boolean {
    return this.lines.length > 0 || this.data !== null;
  }

  add(track: MediaStreamTrack, source: TrackSource, muted: boolean): RTCRtpSender {
    const used = this.lines.find((line) => line.source === source && isFree(line.transceiver));
    if (used) return this.reuse(used, track, muted);
    const sendEncodings = encodingsOf(source, this.videoCodec);
    const transceiver = this.pc.addTransceiver(track, { direction: 'sendonly', ...(sendEncodings ? { sendEncodings } : {}) });
    this.encryption?.encrypt(transceiver.sender, { kind: track.kind === 'audio' ? 'audio' : 'video', source });
    // Of encrypted frames browsers must be able to make packets: VP8's are cut anywhere, those of others where their content says.
    const codecs = track.kind === 'video' ? preferred(this.videoCodec ?? (this.encryption ? 'vp8' : undefined)) : undefined;
    if (codecs) transceiver.setCodecPreferences(codecs);
    this.lines.push({ source, transceiver, muted, demand: Promise.resolve() });
    return transceiver.sender;
  }

  /** Descriptions only grow, and have their limits: who shares the screen all day long does so on one line. */
  private reuse(line: Line, track: MediaStreamTrack, muted: boolean): RTCRtpSender {
    const { sender } = line.transceiver;
    line.muted = muted;
    line.transceiver.direction = 'sendonly';
    const all = sender.getParameters().encodings.map(({ rid }) => ({ rid: rid ?? null, active: true })); // what nobody watched of the last one may be watched now
    line.demand = line.demand
      .then(() => applyDemand(sender, all))
      .then(() => sender.replaceTrack(track))
      .catch(() => undefined); // stopped meanwhile
    return sender;
  }

  /** The server says which encodings of a track are watched. One change after the other: each needs the parameters that the last one left. */
  setDemand(mid: string, encodings: readonly { rid: string | null; active: boolean }[]): Promise<void> {
    const line = this.lines.find(({ transceiver }) => transceiver.mid === mid);
    if (!line) return Promise.resolve();
    const applied = line.demand.then(() => applyDemand(line.transceiver.sender, encodings)).catch((error: unknown) => {
      // A sender that was stopped meanwhile has nothing to start or stop.
      if (!this.closed && line.transceiver.direction === 'sendonly') throw error;
    });
    line.demand = applied.catch(() => undefined); // one that failed does not keep the next from being tried
    return applied;
  }

  /** Stops sending a track: its m-line goes inactive with the next negotiation. */
  async remove(sender: RTCRtpSender): Promise<void> {
    const line = this.lines.find((candidate) => candidate.transceiver.sender === sender);
    if (!line) return;
    line.transceiver.direction = 'inactive';
    await sender.replaceTrack(null);
  }

  setMuted(sender: RTCRtpSender, muted: boolean): void {
    const line = this.lines.find((candidate) => candidate.transceiver.sender === sender);
    if (line) line.muted = muted;
  }

  /** Offers until the server has answered an offer that holds every change made so far. */
  negotiate(options: { iceRestart?: boolean } = {}): Promise<void> {
    this.wanted = true;
    this.restartIce ||= options.iceRestart ?? false;
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  /** The hub is back: an offer whose answer was lost is made again. */
  async resumed(): Promise<void> {
    if (this.wanted || this.pc.signalingState === 'have-local-offer') await this.negotiate();
  }

  close(): void {
    this.closed = true;
    this.data?.close();
    this.pc.close();
  }

  private async run(): Promise<void> {
    while (this.wanted && !this.closed) {
      this.wanted = false;
      const iceRestart = this.restartIce;
      this.restartIce = false;
      try {
        await this.round(iceRestart);
      } catch (error) {
        if (this.closed) return;
        if (this.pc.signalingState === 'have-local-offer') await this.pc.setLocalDescription({ type: 'rollback' });
        if (error instanceof HubLost) {
          this.wanted = true; // redone by resumed()
          this.restartIce ||= iceRestart;
        }
        throw error;
      }
    }
  }

  private async round(iceRestart: boolean): Promise<void> {
    if (this.pc.signalingState === 'have-local-offer') await this.pc.setLocalDescription({ type: 'rollback' });
    const offer = await this.pc.createOffer({ iceRestart });
    await this.pc.setLocalDescription(offer);
    // The server is ICE-lite: it learns our addresses from the checks, so the offer need not wait for candidates.
    const sdp = await this.wire.publish(this.pc.localDescription?.sdp ?? offer.sdp ?? '', this.declarations());
    if (this.closed) return;
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
  }

  private declarations(): TrackDeclaration[] {
    return this.lines
      .filter((line) => line.transceiver.mid !== null && line.transceiver.direction === 'sendonly')
      .map((line) => ({
        mid: line.transceiver.mid ?? '',
        source: line.source,
        muted: line.muted,
        ...(encodingsOf(line.source, this.videoCodec) ? { dynacast: true } : {}),
        ...(this.encryption ? { encryption: this.encryption.type } : {}),
      }));
  }
}

/**
 * Whether both sides agree that nothing is sent on it. A camera's is not used again: its layers are told apart by names that browsers send until they are known, and
 * then no more, so that a new track's would not be known.
 */
function isFree({ direction, currentDirection, sender }: RTCRtpTransceiver): boolean {
  return direction === 'inactive' && currentDirection === 'inactive' && sender.getParameters().encodings.length < 2;
}
