import { DeviceError } from './devices';
import { Emitter } from './emitter';

/**
 * Plays remote audio: one element per track, outside every tile, so that a tile that scrolls away or a layout that
 * changes interrupts nobody's voice.
 */
export class AudioRenderer {
  readonly events = new Emitter<{ blocked: boolean }>();
  private readonly elements = new Map<string, HTMLAudioElement>();
  private sink = '';
  private isBlocked = false;

  /** True while the browser wants a gesture before it plays sound. */
  get blocked(): boolean {
    return this.isBlocked;
  }

  /** Plays exactly these tracks. */
  render(tracks: ReadonlyMap<string, MediaStreamTrack>): void {
    for (const [trackId, element] of this.elements) {
      if (tracks.has(trackId)) continue;
      element.srcObject = null;
      this.elements.delete(trackId);
    }
    for (const [trackId, track] of tracks) {
      const element = this.elements.get(trackId) ?? this.create(trackId);
      const current = element.srcObject instanceof MediaStream ? element.srcObject.getAudioTracks()[0] : undefined;
      if (current === track) continue;
      element.srcObject = new MediaStream([track]);
      void this.play(element);
    }
  }

  /** Call it from a click: plays what the browser had held back. */
  async enableSound(): Promise<void> {
    this.block(false);
    await Promise.all([...this.elements.values()].map((element) => this.play(element)));
  }

  /** Where sound goes; empty: to the system's choice. */
  get sinkId(): string {
    return this.sink;
  }

  /** Sends sound to another loudspeaker; the empty id is the system's choice. When it cannot be, sound stays where it was. */
  async setSink(deviceId: string): Promise<void> {
    const before = this.sink;
    if (deviceId === before) return;
    this.sink = deviceId;
    const to = (id: string): Promise<void>[] => [...this.elements.values()].map((element) => element.setSinkId(id));
    try {
      // While nobody is heard, an element of its own says whether it is there.
      await Promise.all(this.elements.size > 0 ? to(deviceId) : [new Audio().setSinkId(deviceId)]);
    } catch {
      if (this.sink === deviceId) {
        this.sink = before;
        await Promise.allSettled(to(before));
      }
      throw new DeviceError('failed', 'The sound could not be sent to this speaker. Choose another one.');
    }
  }

  close(): void {
    this.render(new Map());
  }

  private create(trackId: string): HTMLAudioElement {
    const element = new Audio();
    element.autoplay = true;
    if (this.sink !== '' && 'setSinkId' in element) void element.setSinkId(this.sink).catch(() => undefined); // unplugged: the default plays
    this.elements.set(trackId, element);
    return element;
  }

  private async play(element: HTMLAudioElement): Promise<void> {
    try {
      await element.play();
    } catch (error) {
      // AbortError only says that the source changed again while starting.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.block(true);
    }
  }

  private block(blocked: boolean): void {
    if (blocked === this.isBlocked) return;
    this.isBlocked = blocked;
    this.events.emit('blocked', blocked);
  }
}
