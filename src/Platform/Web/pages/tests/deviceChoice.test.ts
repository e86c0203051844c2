import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LocalTrack } from '../../sdk/rtc';
import { DeviceChoice } from '../session/deviceChoice';
import { OwnSwitch } from '../session/ownSwitch';
import { recallDevice, rememberDevice } from '../session/preview';

const track = (deviceId: string) => ({ readyState: 'live', muted: false, stop: () => undefined, getSettings: () => ({ deviceId }) }) as unknown as MediaStreamTrack;

/** A room with a microphone in it, and devices that open when the test says so. */
function room(running: string | null) {
  const opening: { deviceId: string; open: () => void; refuse: (name: string) => void }[] = [];
  vi.stubGlobal('navigator', {
    mediaDevices: {
      getUserMedia: ({ audio }: { audio: { deviceId: { exact: string } } }) =>
        new Promise((resolve, reject) => {
          const deviceId = audio.deviceId.exact;
          opening.push({ deviceId, open: () => resolve({ getAudioTracks: () => [track(deviceId)] }), refuse: (name) => reject(new DOMException('', name)) });
        }),
    },
  });
  const local = { source: 'microphone', track: running ? track(running) : null, inTurn: <T>(work: () => Promise<T>) => work() } as unknown as LocalTrack;
  const sent: string[] = [];
  const rtc = {
    local: [local],
    replace: async (_: LocalTrack, next: MediaStreamTrack) => {
      local.track = next;
      sent.push(next.getSettings().deviceId ?? '');
    },
  };
  return { opening, sent, choice: new DeviceChoice(rtc, 'microphone', new OwnSwitch(() => true, async () => undefined)) };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => rememberDevice('microphone', 'a'));
afterEach(() => vi.unstubAllGlobals());

describe('choosing a device in the room', () => {
  it('ends with the one that was picked last, and remembers it', async () => {
    const { opening, sent, choice } = room('a');
    const picks = [choice.pick('b'), choice.pick('c'), choice.pick('d')];
    await settle();
    opening[0]?.open();
    await Promise.all(picks);
    // The picks before were over before they began.
    expect([opening.map(({ deviceId }) => deviceId), sent, choice.deviceId, recallDevice('microphone')]).toEqual([['d'], ['d'], 'd', 'd']);
  });

  it('remembers the one that goes on when the other is refused', async () => {
    const { opening, choice } = room('a');
    const pick = expect(choice.pick('b')).rejects.toThrow('blocks the microphone');
    await settle();
    opening[0]?.refuse('NotAllowedError');
    await pick;
    expect([choice.deviceId, recallDevice('microphone')]).toEqual(['a', 'a']);
  });

  it('opens nothing while it is off', async () => {
    const { opening, choice } = room(null);
    await choice.pick('b');
    expect([opening.length, choice.deviceId, recallDevice('microphone')]).toEqual([0, 'b', 'b']);
  });
});
