import { HubLost, type HubMessages, type HubMethods, type RoomRequest } from './contract';

type Call = <M extends keyof HubMethods>(method: M, argument: HubMethods[M]['in']) => Promise<HubMethods[M]['out']>;

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

  constructor(private readonly wire: RunningWire) {}

  async raiseHand(raised: boolean): Promise<void> {
    await this.call('raiseHand', { raised });
  }

  async answerInvitation(accepted: boolean): Promise<void> {
    this.invitation = undefined;
    this.wire.changed();
    await this.call('answerInvitation', { accepted });
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
    this.invitation = undefined;
    this.unmuteAsked = null;
    this.wire.changed();
  }

  heardInvited({ participantId }: HubMessages['stageInvited']): void {
    this.invitation = participantId;
    this.wire.changed();
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
    this.invitation = undefined;
    this.wire.changed();
  }

  private call: Call = (method, argument) => {
    const call = this.wire.call();
    return call ? call(method, argument) : Promise.reject(new HubLost());
  };
}
