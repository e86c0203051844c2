/**
 * One of the control bar's switches: what was last wanted of it is reached, one step after the other. A press while its device still opens counts too, and opens no
 * second one.
 */
export class OwnSwitch {
  private wanted = false;
  private work: Promise<void> | null = null;

  constructor(
    private readonly isOn: () => boolean,
    /** Turns it; `wants` says whether what took long is wanted still. */
    private readonly turn: (on: boolean, wants: () => boolean) => Promise<unknown>,
  ) {}

  /** What it is, or is about to be. */
  get wants(): boolean {
    return this.work ? this.wanted : this.isOn();
  }

  /** Nothing is being turned any more, however it went. */
  get settled(): Promise<void> {
    return this.work?.catch(() => undefined) ?? Promise.resolve();
  }

  set(on: boolean): Promise<void> {
    this.wanted = on;
    this.work ??= this.reach().finally(() => (this.work = null));
    return this.work;
  }

  toggle(): Promise<void> {
    return this.set(!this.wants);
  }

  private async reach(): Promise<void> {
    for (;;) {
      const to = this.wanted;
      if (this.isOn() !== to) await this.turn(to, () => this.wanted === to);
      if (this.wanted === to) return; // once: a moderator's mute may stand
    }
  }
}
