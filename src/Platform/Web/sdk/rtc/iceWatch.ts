/** A short loss heals by itself (a Wi-Fi roam takes one to two seconds); after this we ask for new ICE credentials. */
export const disconnectedPatienceMs = 3_000;
/**
 * How long a restart may take before it is tried again. The server's consent to us lasts 30 s (RFC 7675 §5.1); afterwards its
 * DTLS association is gone, and no restart helps. 3 s + 3 × 8 s = 27 s: we have made everything anew before that.
 */
export const restartPatienceMs = 8_000;
const restartsBeforeGivingUp = 3;

export interface IceWatchActions {
  /** Starts an ICE restart; a rejection is retried after {@link restartPatienceMs}. */
  restart(): Promise<void>;
  /** Restarts do not help: the transport must be made anew. */
  giveUp(): void;
  /** The connection state changed. */
  changed(): void;
}

/** Watches one peer connection, and asks for an ICE restart when it stays disconnected or fails. */
export class IceWatch {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private restarts = 0;
  private stopped = false;

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly actions: IceWatchActions,
  ) {
    pc.addEventListener('connectionstatechange', this.look);
    pc.addEventListener('iceconnectionstatechange', this.look);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.pc.removeEventListener('connectionstatechange', this.look);
    this.pc.removeEventListener('iceconnectionstatechange', this.look);
  }

  private readonly look = (): void => {
    if (this.stopped) return;
    const ice = this.pc.iceConnectionState;
    if (this.pc.connectionState === 'failed' && ice !== 'failed' && ice !== 'disconnected') {
      // DTLS failed while ICE stands: no ICE restart can heal that.
      this.disarm();
      this.actions.giveUp();
    } else if (ice === 'failed') {
      if (this.restarts === 0) this.fire();
    } else if (ice === 'disconnected') {
      this.arm(disconnectedPatienceMs);
    } else if (ice === 'connected' || ice === 'completed') {
      this.disarm();
      this.restarts = 0;
    }
    this.actions.changed();
  };

  private arm(ms: number): void {
    this.timer ??= setTimeout(() => this.fire(), ms);
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private fire(): void {
    this.disarm();
    if (this.stopped) return;
    if (this.restarts === restartsBeforeGivingUp) {
      this.actions.giveUp();
      return;
    }
    this.restarts += 1;
    this.arm(restartPatienceMs);
    this.actions.restart().catch(() => undefined); // the armed timer tries again
  }
}
