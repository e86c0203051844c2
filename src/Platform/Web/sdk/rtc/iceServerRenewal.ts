import type { RtcHub } from './hub';

/** Credentials of TURN servers are renewed when this much of their life is over. */
const renewAfter = 0.75;
const renewAgainMs = 30_000;

export interface IceServerRenewalWire {
  /** Null while there is none: resuming brings fresh credentials. */
  hub(): RtcHub | null;
  take(iceServers: RTCIceServer[]): void;
  /** True when the session heals itself from this error. */
  heals(error: unknown): boolean;
}

/** Asks for TURN credentials before those that we have end. */
export class IceServerRenewal {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly wire: IceServerRenewalWire) {}

  /** We have some for so many seconds; null: for ever. */
  given(ttl: number | null): void {
    this.stop();
    if (ttl !== null) this.timer = setTimeout(() => void this.renew(), ttl * 1_000 * renewAfter);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private async renew(): Promise<void> {
    const hub = this.wire.hub();
    if (!hub) return;
    try {
      const { iceServers, iceServersTtl } = await hub.call('iceServers', null);
      if (this.wire.hub() !== hub) return;
      this.wire.take(iceServers);
      this.given(iceServersTtl);
    } catch (error) {
      if (!this.wire.heals(error)) this.timer = setTimeout(() => void this.renew(), renewAgainMs);
    }
  }
}
