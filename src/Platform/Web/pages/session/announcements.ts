import { useEffect, useState } from 'react';
import type { LocalTrack, RtcSession } from '../../sdk/rtc';
import { useToast } from '../../ui/toasts';

const lost = ({ source, muted }: LocalTrack): string | null => {
  if (source === 'camera') return 'Your camera was disconnected. Turn your video on again to use another one.';
  if (source !== 'microphone') return null;
  return muted ? 'Your microphone was disconnected. Another one is used when you unmute.' : 'Your microphone was disconnected. You go on with another one, if there is any.';
};

const muted: Record<LocalTrack['source'], string> = {
  microphone: 'A moderator muted you. You can unmute when you are asked to; raise your hand to speak.',
  camera: 'A moderator turned your camera off. You can turn it on when you are asked to.',
  screen: 'A moderator stopped your shared screen.',
  screen_audio: 'A moderator stopped the sound of your shared screen.',
};

/** In a room of more, nobody is told who comes and goes: the list of people and its number are there for who wants to know. */
const mostAnnounced = 50;

/** Says who comes and goes, and what moderators did: to eyes as a toast, to ears by the live region. */
export function useAnnouncements(rtc: RtcSession): string {
  const toast = useToast();
  const [said, setSaid] = useState('');
  useEffect(() => {
    let { locked } = rtc.running;
    let away = new Set<string>();
    const stops = [
      rtc.events.on('roster', ({ joined, left }) => {
        const own = rtc.you?.participantId;
        const reconnecting = rtc.participants.filter(({ participantId, reconnecting }) => reconnecting && participantId !== own);
        // Eyes have the tile; a toast each time would be more than that is worth.
        const newly = reconnecting.filter(({ participantId }) => !away.has(participantId));
        if (newly.length > 0) setSaid(newly.length > 3 ? `${newly.length} people are reconnecting` : newly.map(({ name }) => `${name} is reconnecting`).join(', '));
        away = new Set(reconnecting.map(({ participantId }) => participantId));
        const words = [
          ...joined.filter(({ participantId }) => participantId !== own).map(({ name }) => `${name} joined`),
          ...left.map(({ name }) => `${name} left`),
        ];
        // A resume after a long gap can bring dozens: the numbers are then what matters.
        const text = words.length > 3 ? `${joined.length} joined, ${left.length} left` : words.join(', ');
        if (!text) return;
        // Who watches a stage with thousands would hear nothing else.
        if (rtc.participants.length > mostAnnounced) return;
        // The toast is a live region itself: nothing is to be read out twice.
        if (rtc.participants.length <= 12) toast(text);
        else setSaid(text);
      }),
      rtc.events.on('mutedByOthers', ({ source }) => toast(muted[source], 'error')),
      rtc.events.on('rights', ({ before, after }) => {
        if (after.canPublish && !before.canPublish) toast('You are on stage. Turn your microphone and camera on when you are ready.');
        else if (before.canPublish && !after.canPublish) toast('A moderator took you off the stage. You go on watching; raise your hand to come back.', 'error');
        else if (before.canPublish && after.sources.length < before.sources.length) toast('A moderator changed what you may share.', 'error');
        if (before.moderates && !after.moderates) toast('You no longer moderate this session.');
        if (after.moderates && !before.moderates) toast('You are a moderator of this session now.');
      }),
      rtc.events.on('running', (running) => {
        if (running.locked === locked) return;
        locked = running.locked;
        toast(locked ? 'The room is locked: nobody new comes in.' : 'The room is open again.');
      }),
      rtc.events.on('handRaised', ({ name, participantId }) => {
        if (participantId !== rtc.you?.participantId) toast(`${name} raised a hand.`);
      }),
      rtc.events.on('invitationAnswered', ({ participant, accepted }) => toast(accepted ? `${participant.name} comes on stage.` : `${participant.name} does not want to come on stage now.`)),
      rtc.events.on('ended', (local) => {
        const text = lost(local);
        if (text) toast(text, 'error');
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [rtc, toast]);
  return said;
}
