import { openPicked, switchDevice, type RtcSession } from '../../sdk/rtc';
import type { OwnSwitch } from './ownSwitch';
import { deviceOf, recallDevice, rememberDevice, type Device } from './preview';

/** Which camera or microphone is used, now and the next time: the one that was picked last, one change after the other. */
export class DeviceChoice {
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly rtc: Pick<RtcSession, 'local' | 'replace'>,
    private readonly device: Device,
    private readonly own: OwnSwitch,
  ) {}

  /** The one that is sent, or that would be. */
  get deviceId(): string {
    return deviceOf(this.local?.track, recallDevice(this.device));
  }

  /** Rejects with what keeps it from running; then the one before goes on. */
  pick(deviceId: string): Promise<void> {
    const picked = this.work.then(() => this.change(deviceId));
    this.work = picked.catch(() => undefined); // who picked it has the error
    rememberDevice(this.device, deviceId);
    return picked;
  }

  private async change(deviceId: string): Promise<void> {
    await this.own.settled; // what is just being opened is the one before
    await this.local?.inTurn(async () => undefined); // also by the answer to a moderator who asked
    const { local, device } = this;
    const before = this.deviceId;
    const wanted = (): boolean => recallDevice(device) === deviceId;
    // Off, or without any: turning it on opens what is remembered.
    if (!wanted() || !local?.track || before === deviceId) return;
    try {
      await switchDevice(this.rtc, local, () => openPicked(device, deviceId), () => openPicked(device, before));
    } catch (error) {
      if (wanted()) rememberDevice(device, before);
      throw error;
    }
  }

  private get local() {
    return this.rtc.local.find(({ source }) => source === this.device);
  }
}
