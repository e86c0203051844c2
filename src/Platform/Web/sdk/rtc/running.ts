import { pause } from './backoff';
import { HubLost, type HubMessages, type HubMethods, type RoomRequest } from './contract';
import { againMs, isPassing } from './recovery';

type Call = <M extends keyof HubMethods>(method: M, argument: HubMethods[M]['in']) => Promise<HubMethods[M]['out']>;

/** So often: ten seconds of a server that says to wait one. */
const mostAnswers = 5;

export interface RunningWire {
  /** Null while there is no hub. */
  call(): Call | null;
  changed(): void;
}

/** Running a room, and being run: raised hand, invitations, requests of moderators. Every call rejects with the server's reason. */
export class Running {
  locked = false;
  /** Someone asks us to the stage: their participant id, or null for the organisers. Undefined: nobody does. */
  invitation: string | null | undefined;
  /** Our track that a moderator asks us to unmute. */
  unmuteAsked: string | null = null;

  private answering: AbortController | null = null;

  constructor(private readonly wire: RunningWire) {}

  async raiseHand(raised: boolean): Promise<void> {
    await this.call('raiseHand', { raised });
  }

  /** An answer that the server has no time for is given again a moment later, unless its question is over by then; one that it never takes is the person's to give again. */
  async answerInvitation(accepted: boolean): Promise<void> {
    const asked = this.invitation;
    this.invitation = undefined;
    this.answering?.abort();
    const { signal } = (this.answering = new AbortController());
    this.wire.changed();
    for (let answers = 1; ; answers++) {
      try {
        await this.call('answerInvitation', { accepted });
        return;
      } catch (error) {
        if (signal.aborted || error instanceof HubLost) return; // what was answered is over, or is asked anew when we are back
        if (isPassing(error) && answers < mostAnswers) {
          if (await pause(againMs, signal)) continue;
          return;
        }
        if (isPassing(error)) this.ask(asked);
        throw error;
      }
    }
  }

  /** Whether we do or not, the question is answered. */
  answerUnmute(): void {
    this.unmuteAsked = null;
    this.wire.changed();
  }

  /** For moderators; others are refused with `moderation_not_allowed`. */
  async moderate(request: RoomRequest): Promise<void> {
    await this.call('moderate', request);
  }

  /** We are in, for the first time or again: what was asked before is asked anew or over. */
  entered(locked: boolean): void {
    this.locked = locked;
    this.unmuteAsked = null;
    this.ask(undefined);
  }

  heardInvited({ participantId }: HubMessages['stageInvited']): void {
    this.ask(participantId);
  }

  heardUnmuteAsked({ trackId }: HubMessages['unmuteAsked']): void {
    this.unmuteAsked = trackId;
    this.wire.changed();
  }

  heardLocked({ locked }: HubMessages['roomLocked']): void {
    this.locked = locked;
    this.wire.changed();
  }

  /** Our rights changed: an invitation is answered by that. */
  rightsChanged(): void {
    this.ask(undefined);
  }

  /** A new question, or none: an answer that is still under way was to another one. */
  private ask(invitation: string | null | undefined): void {
    this.answering?.abort();
    this.invitation = invitation;
    this.wire.changed();
  }

  private call: Call = (method, argument) => {
    const call = this.wire.call();
    return call ? call(method, argument) : Promise.reject(new HubLost());
  };
}
