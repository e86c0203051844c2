import { Backoff, pause } from './backoff';
import { HubLost, RtcError } from './contract';

/** A person who waits longer than this has reloaded the page. */
const giveUpAfterMs = 120_000;

/** More than this between two attempts was no trying: the machine slept, the page was suspended, or its clock was set. */
const longestAttemptMs = 30_000;

/** The hub closes, or refuses, for these on purpose; everything else, a revoked grant too, is healed by a rejoin: the platform says what we may now. */
const finalCodes = new Set([
  'removed',
  'participant_removed',
  'room_locked',
  'replaced',
  'room_closed',
  'grant_wrong_room',
  'publish_not_allowed',
  'source_not_allowed',
  'subscribe_not_allowed',
]);

/** True when trying again would end the same way. */
export function isFinal(error: unknown): boolean {
  if (error instanceof HubLost) return false;
  if (error instanceof RtcError) return finalCodes.has(error.code);
  // The grant callback's error: forbidden and gone stay so; everything else (network, 5xx, 429) may pass.
  const status = (error as { status?: unknown }).status;
  return status === 403 || status === 404 || status === 410;
}

const passingCodes = new Set(['too_many_requests', 'internal_error', 'hub_fault']);

/** True when the refusal says nothing of what was asked: a moment later the same may be taken. */
export function isPassing(error: unknown): boolean {
  return error instanceof RtcError && passingCodes.has(error.code);
}

/** When what was refused so is said again. */
export const againMs = 2_000;

export interface RecoveryActions {
  /** Takes the call up again on a new socket. */
  resume(): Promise<void>;
  /** Makes everything anew, with a fresh grant. */
  rejoin(): Promise<void>;
  failed(error: unknown): void;
  /** It began or ended. */
  changed(): void;
  /** Whether there is a socket. */
  connected(): boolean;
}

/** Brings a lost session back: resume first, while the server still keeps us, then rejoin, until it works or is refused for good. */
export class Recovery {
  private running: Promise<void> | null = null;

  constructor(
    private readonly actions: RecoveryActions,
    private readonly over: AbortSignal,
  ) {}

  get active(): boolean {
    return this.running !== null;
  }

  begin(first: 'resume' | 'rejoin'): void {
    if (this.running || this.over.aborted) return;
    this.running = this.run(first).finally(() => {
      this.running = null;
      this.actions.changed();
      // The socket may have gone again between the last step of the recovery and here.
      if (!this.actions.connected() && !this.over.aborted) this.begin('resume');
    });
    this.actions.changed();
  }

  private async run(first: 'resume' | 'rejoin'): Promise<void> {
    let triedMs = 0;
    let since = Date.now();
    let way = first;
    // The server keeps us over an outage for as long as we try: resume attempts stay close together. Rejoins step back to spare a node that restarts.
    let backoff = way === 'resume' ? new Backoff(250, 2_000) : new Backoff(500, 10_000);
    for (;;) {
      if (!(await pause(backoff.next(), this.over))) return;
      try {
        await (way === 'resume' ? this.actions.resume() : this.actions.rejoin());
        return;
      } catch (error) {
        if (this.over.aborted) return;
        const now = Date.now();
        triedMs += Math.min(Math.max(0, now - since), longestAttemptMs);
        since = now;
        if (isFinal(error) || triedMs > giveUpAfterMs) return this.actions.failed(error);
        if (way === 'resume' && error instanceof RtcError && !(error instanceof HubLost)) {
          way = 'rejoin';
          backoff = new Backoff(500, 10_000);
        }
      }
    }
  }
}
