/** How long media may take to come up, or back, before people are told: a good network takes a second, a bad one five, and a lost one has an ICE restart by then. */
export const blockedAfterMs = 15_000;

export interface MediaWatchActions {
  /** Whether the server is reached. */
  connected(): boolean;
  /** `flows`: all that is in use is connected; `stuck`: some of it is not. Neither: nothing is in use, as for a moment of every join. */
  media(): { flows: boolean; stuck: boolean };
  changed(blocked: boolean): void;
}

/**
 * Notices that no media comes through although the server is reached. A network that lets none of it pass looks like a connection that is about to be made, for
 * ever: who sits in it must be told, since only another network helps.
 */
export class MediaWatch {
  blocked = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly actions: MediaWatchActions) {}

  /** Something changed. */
  look(): void {
    const { flows, stuck } = this.actions.media();
    if (flows) {
      this.stop();
      this.become(false);
    } else if (stuck && !this.blocked) {
      this.timer ??= setTimeout(() => this.late(), blockedAfterMs);
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private late(): void {
    this.timer = undefined;
    if (!this.actions.media().stuck) return; // what waited was ended meanwhile
    if (this.actions.connected()) this.become(true);
    else this.timer = setTimeout(() => this.late(), blockedAfterMs); // the network is away altogether: that is another matter
  }

  private become(blocked: boolean): void {
    if (blocked === this.blocked) return;
    this.blocked = blocked;
    this.actions.changed(blocked);
  }
}
