import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** The server of the toy engine: answers `/version` and `/toys` to whoever knows the password. */
export class ToyBox {
  toys: readonly string[] = ['bear', 'train'];
  isShut = false;
  /** The list breaks off before its last line. */
  isCut = false;

  private constructor(
    readonly port: number,
    private readonly server: Server,
  ) {}

  /** Starts one on a free port of the loopback address. */
  static async start(password: string): Promise<ToyBox> {
    const server = createServer(({ url, headers }, answer) => {
      const refusal = box.isShut ? 'lid down' : headers.authorization === `Toy ${password}` ? undefined : 'who are you';
      if (refusal !== undefined) answer.writeHead(403).end(refusal);
      else if (url === '/version') answer.end('2.5');
      else answer.end([...box.toys, ...(box.isCut ? [] : ['-- all toys told'])].join('\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const box = new ToyBox((server.address() as AddressInfo).port, server);
    return box;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
