import type { HubMessages } from './contract';
import type { RtcHub } from './hub';

type Handlers = { [M in keyof HubMessages]: (value: HubMessages[M]) => void };

const messages: (keyof HubMessages)[] = [
  'subscribeOffer',
  'participantJoined',
  'participantLeft',
  'participantReconnecting',
  'participantReconnected',
  'trackPublished',
  'trackUnpublished',
  'trackMuted',
  'activeSpeakers',
  'publishLayers',
  'videoHeld',
  'rightsChanged',
  'handRaised',
  'stageInvited',
  'invitationAnswered',
  'unmuteAsked',
  'roomLocked',
  'closed',
];

/**
 * Holds the hub's messages back until the answer to join or resume has been taken in: the first messages share its
 * WebSocket frame, and would be handled before the code that waits for the answer runs.
 */
export class Inbox {
  private held: { message: keyof HubMessages; value: never }[] = [];
  private handlers: Handlers | undefined;

  constructor(hub: RtcHub) {
    for (const message of messages) {
      hub.on(message, (value) => {
        if (this.handlers) this.deliver(message, value as never);
        else this.held.push({ message, value: value as never });
      });
    }
  }

  open(handlers: Handlers): void {
    this.handlers = handlers;
    for (const { message, value } of this.held.splice(0)) this.deliver(message, value);
  }

  private deliver(message: keyof HubMessages, value: never): void {
    this.handlers?.[message](value);
  }
}
