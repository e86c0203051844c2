import type { RtcSession } from '../../sdk/rtc';
import { Dialog } from '../../ui/dialog';
import { Button } from '../../ui/parts';
import { useRtc } from './useRtc';

/** Questions that moderators put to us: come to the stage, unmute. Closing the window is a no. */
export function Prompts({ rtc, failed }: { rtc: RtcSession; failed: (error: unknown) => void }) {
  useRtc(rtc, 'running', 'roster');
  const { running } = rtc;
  if (running.invitation !== undefined) {
    const who = running.invitation === null ? 'The organisers invite' : `${rtc.roster.get(running.invitation)?.name ?? 'A moderator'} invites`;
    const answer = (accepted: boolean): void => void running.answerInvitation(accepted).catch(failed);
    return (
      <Dialog title={`${who} you to the stage`} close={() => answer(false)}>
        <div className="form">
          <p className="dialog__text">On stage you can be seen and heard by everyone. Your microphone and camera stay off until you turn them on.</p>
          <div className="form__end">
            <Button look="primary" data-testid="accept-invitation" onClick={() => answer(true)}>
              Go on stage
            </Button>
            <Button look="quiet" data-testid="decline-invitation" onClick={() => answer(false)}>
              Not now
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  if (running.unmuteAsked !== null) {
    const source = rtc.roster.owner(running.unmuteAsked)?.track.source;
    const local = rtc.local.find((candidate) => candidate.source === source);
    const camera = source === 'camera';
    const unmute = (): void => {
      running.answerUnmute();
      if (local) rtc.setMuted(local, false).catch(failed);
    };
    return (
      <Dialog title={camera ? 'You are asked to turn your camera on' : 'You are asked to unmute'} close={() => running.answerUnmute()}>
        <div className="form">
          <p className="dialog__text">A moderator asks. It stays off unless you turn it on.</p>
          <div className="form__end">
            <Button look="primary" data-testid="accept-unmute" onClick={unmute}>
              {camera ? 'Turn camera on' : 'Unmute'}
            </Button>
            <Button look="quiet" onClick={() => running.answerUnmute()}>
              Not now
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return null;
}
