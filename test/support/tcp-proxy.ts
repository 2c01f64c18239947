import { once } from 'node:events';
import * as net from 'node:net';

/** A TCP proxy before a database server that can act after an exact number of bytes from the server. */
export class TcpProxy {
  private readonly sockets = new Set<net.Socket>();
  private bytes = 0;
  private trigger: { readonly after: number; readonly reached: () => void } | undefined;
  private open: (() => void) | undefined;
  private gate: Promise<void> | undefined;
  private sleep: { readonly how: 'silent' | 'ends'; readonly ms: number; end?: number } | undefined;
  /** Connections that came while it slept. */
  asked = 0;

  private constructor(
    private readonly server: net.Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (socket) => this.connect(socket));
  }

  /** @param targetPort the server's port on the loopback address */
  static async start(targetPort: number): Promise<TcpProxy> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  /**
   * Stops all bytes from the server once this many have passed, until {@link resume}.
   *
   * @returns resolves when that is so
   */
  async stallAfter(bytes: number): Promise<void> {
    this.bytes = 0;
    await new Promise<void>((resolve) => (this.trigger = { after: bytes, reached: resolve }));
  }

  /** Sleeps, as Aurora Serverless does: it wakes up some time after the first connection, which meets silence or its end. */
  fallAsleep(how: 'silent' | 'ends', ms: number): void {
    this.sleep = { how, ms };
    this.asked = 0;
  }

  /** Lets the bytes flow again. */
  resume(): void {
    this.open?.();
    this.gate = undefined;
    this.open = undefined;
  }

  /** Cuts every connection, as a broken network does. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private connect(client: net.Socket): void {
    if (this.sleep && performance.now() < (this.sleep.end ??= performance.now() + this.sleep.ms)) {
      this.asked++;
      this.sockets.add(client.on('error', () => undefined).once('close', () => this.sockets.delete(client)));
      if (this.sleep.how === 'ends') client.destroy();
      return;
    }
    const server = net.connect(this.targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    void this.passBack(server, client).catch(() => client.destroy());
  }

  private async passBack(server: net.Socket, client: net.Socket): Promise<void> {
    for await (const chunk of server as AsyncIterable<Buffer>) {
      this.bytes += chunk.length;
      if (this.trigger && this.bytes >= this.trigger.after) {
        this.gate = new Promise((resolve) => (this.open = resolve));
        this.trigger.reached();
        this.trigger = undefined;
      }
      if (this.gate) await this.gate;
      if (!client.write(chunk)) await once(client, 'drain');
    }
    client.end();
  }
}
