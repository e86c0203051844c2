import { HubLost } from './contract';

/** A short loss heals by itself (a Wi-Fi roam takes one to two seconds); after this we ask for new ICE credentials. */
export const disconnectedPatienceMs = 3_000;
/**
 * How long a restart may take before it is tried again. Three that the server has answered and that did not help mean that something
 * else is broken. While the hub is away none counts: the server keeps our keys as long as it keeps us, and an outage of minutes is
 * healed by the first restart after it.
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

  /** The hub is back: what was tried without it does not count. */
  resumed(): void {
    this.restarts = 0;
    this.disarm();
    if (this.pc.iceConnectionState === 'disconnected' || this.pc.iceConnectionState === 'failed') this.arm(restartPatienceMs);
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
    if (this.pc.connectionState === 'failed' && (ice === 'connected' || ice === 'completed')) {
      // DTLS failed while ICE stands: no ICE restart can heal that. (While one runs, the old "failed" may still be shown.)
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
    this.actions.restart().catch((error: unknown) => {
      // The armed timer tries again.
      if (error instanceof HubLost && this.restarts > 0) this.restarts -= 1;
    });
  }
}
