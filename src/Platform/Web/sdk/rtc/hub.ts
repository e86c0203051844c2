import { HubConnectionBuilder, HttpTransportType, LogLevel, type HubConnection, type IHttpConnectionOptions } from '@microsoft/signalr';
import { HubLost, RtcError, type HubMessages, type HubMethods, type HubReply } from './contract';

/** One socket to the media node's hub. It never reconnects by itself: the session decides between resume and rejoin. */
export interface RtcHub {
  /** Asks; rejects with {@link HubLost} when the socket is gone and with {@link RtcError} when the server refuses. */
  call<M extends keyof HubMethods>(method: M, argument: HubMethods[M]['in']): Promise<HubMethods[M]['out']>;
  on<M extends keyof HubMessages>(message: M, listener: (value: HubMessages[M]) => void): void;
  /** Called once when the socket is lost without {@link close} having been called. */
  onLost(listener: () => void): void;
  /** Says a word without waiting for an answer (while the page goes away). */
  tell(method: 'leave'): void;
  close(): Promise<void>;
}

/** Opens a hub; rejects with {@link HubLost} when the node cannot be reached. */
export type OpenHub = (mediaUrl: string) => Promise<RtcHub>;

export const hubUrl = (mediaUrl: string): string => `${mediaUrl.replace(/\/+$/, '')}/hubs/rtc`;

const openPatienceMs = 5_000;

/** Opens the hub over a WebSocket. Negotiation is skipped: one round trip less, and nothing falls back to polling. */
export const openSignalRHub: OpenHub = async (mediaUrl) => {
  let socket: WebSocket | undefined;
  const options: IHttpConnectionOptions & { WebSocket: typeof WebSocket } = {
    transport: HttpTransportType.WebSockets,
    skipNegotiation: true,
    withCredentials: false,
    // An option that the package's types leave out.
    WebSocket: class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        socket = this;
      }
    },
  };
  const connection = new HubConnectionBuilder()
    .withUrl(hubUrl(mediaUrl), options)
    .configureLogging(LogLevel.None)
    .build();
  // The server pings every 5 s: three missed pings are a lost network, well before the operating system says so.
  connection.keepAliveIntervalInMilliseconds = 5_000;
  connection.serverTimeoutInMilliseconds = 15_000;
  // During an outage an attempt hangs, its handshake is repeated ever more rarely, and browsers make others to the same node wait for it.
  // The socket itself must go: stop() would wait for it too.
  const impatient = setTimeout(() => socket?.close(), openPatienceMs);
  try {
    await connection.start();
  } catch {
    throw new HubLost('The media server cannot be reached.');
  } finally {
    clearTimeout(impatient);
  }
  return new SignalRHub(connection);
};

class SignalRHub implements RtcHub {
  private closing = false;

  constructor(private readonly connection: HubConnection) {}

  async call<M extends keyof HubMethods>(method: M, argument: HubMethods[M]['in']): Promise<HubMethods[M]['out']> {
    let reply: HubReply<HubMethods[M]['out']>;
    try {
      reply = await (argument === null
        ? this.connection.invoke(method)
        : this.connection.invoke(method, argument));
    } catch (error) {
      // SignalR rejects for a closed socket and for a fault in the server method; only the first leaves us unconnected.
      if (this.connection.state !== 'Connected') throw new HubLost();
      throw new RtcError('hub_fault', error instanceof Error ? error.message : String(error));
    }
    if (!reply.ok) throw new RtcError(reply.error.code, reply.error.message);
    return reply;
  }

  on<M extends keyof HubMessages>(message: M, listener: (value: HubMessages[M]) => void): void {
    this.connection.on(message, listener);
  }

  onLost(listener: () => void): void {
    this.connection.onclose(() => {
      if (!this.closing) listener();
    });
  }

  tell(method: 'leave'): void {
    this.connection.send(method).catch(() => undefined); // nobody is left to be told
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.connection.stop();
  }
}
