/** QR codes from the camera: the browser's own reader where there is one, else jsQR, fetched when it is needed. */
import { DeviceError, openRearCamera } from '../sdk/rtc/devices';
import { keepAwake } from './awake';

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: string[] }) => Detector;

/** A phone reads a code in a tenth of a second; more often only warms it. */
const everyMs = 150;

/** The same code is held before the camera for a while: it is one scan. */
const sameForMs = 4_000;

/** Wide enough for a code of a hundred characters at arm's length, small enough for an old phone. */
const width = 640;

/** Shows the camera and reports each code; the returned function ends it. */
export function startScanner(video: HTMLVideoElement, found: (text: string) => void, failed: (reason: unknown) => void): () => void {
  let stopped = false;
  let stream: MediaStream | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = { text: '', at: 0 };
  const letSleep = keepAwake(); // who holds a phone at a door does not touch it

  const run = async (): Promise<void> => {
    const [camera, read] = await Promise.all([openRearCamera(), reader()]);
    stream = camera;
    if (stopped) return end();
    // Another program took it, or the phone slept: its last picture would stand there for ever, and read as nothing.
    for (const track of camera.getTracks()) track.addEventListener('ended', () => fail(new DeviceError('failed', 'The camera stopped. Start it again, or type the code.')));
    video.srcObject = camera;
    await video.play();
    const look = async (): Promise<void> => {
      const text = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? await read(video) : null;
      const now = Date.now();
      if (text !== null && (text !== last.text || now - last.at > sameForMs)) found(text);
      if (text !== null) last = { text, at: now };
      if (!stopped) timer = setTimeout(() => void look().catch(fail), everyMs);
    };
    await look();
  };
  const end = (): void => {
    stopped = true;
    letSleep();
    clearTimeout(timer);
    stream?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  const fail = (reason: unknown): void => {
    if (stopped) return;
    end();
    failed(reason instanceof DeviceError && reason.code === 'absent' ? new DeviceError('absent', 'No camera was found. Type the code, or use a hand scanner.') : reason);
  };
  void run().catch(fail);
  return end;
}

async function reader(): Promise<(video: HTMLVideoElement) => Promise<string | null>> {
  const Native = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  if (Native) {
    const detector = new Native({ formats: ['qr_code'] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  }
  const { default: jsQR } = await import('jsqr');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    if (!context || video.videoWidth === 0) return null;
    canvas.width = Math.min(width, video.videoWidth);
    canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return jsQR(data, canvas.width, canvas.height, { inversionAttempts: 'dontInvert' })?.data ?? null;
  };
}
