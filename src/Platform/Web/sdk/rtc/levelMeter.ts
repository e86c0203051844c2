/** Measures how loud a track is, for a meter before joining. */
export class LevelMeter {
  private readonly context = new AudioContext();
  private readonly analyser = this.context.createAnalyser();
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
    void this.context.resume().catch(() => undefined); // needs a gesture in some browsers: the meter stays at rest
  }

  /** 0 (−60 dBFS or less) … 1 (full scale). */
  read(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, sample) => sum + sample * sample, 0) / this.samples.length;
    return Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-12) + 60) / 60));
  }

  close(): void {
    void this.context.close();
  }
}
