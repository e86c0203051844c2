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

  /** Sends sound to another loudspeaker; the empty id is the system's choice. */
  async setSink(deviceId: string): Promise<void> {
    this.sink = deviceId;
    await Promise.all([...this.elements.values()].map((element) => element.setSinkId(deviceId)));
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
