import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';

/** The server of the toy engine: answers `/version` and `/toys`, and takes new toys, of whoever knows the password. */
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
    const server = createServer((request, answer) => {
      const { url, method, headers } = request;
      const refusal = box.isShut ? 'lid down' : headers.authorization === `Toy ${password}` ? undefined : 'who are you';
      if (refusal !== undefined) answer.writeHead(403).end(refusal);
      else if (url === '/version') answer.end('2.5');
      else if (method === 'PUT') void text(request).then((list) => answer.end(String(box.fill(list))));
      else answer.end([...box.toys, ...(box.isCut ? [] : ['-- all toys told'])].join('\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const box = new ToyBox((server.address() as AddressInfo).port, server);
    return box;
  }

  /** Takes a list as {@link ToyBox} tells it; returns how many toys it has now. */
  private fill(list: string): number {
    this.toys = list.split('\n').filter((line) => line !== '' && !line.startsWith('--'));
    return this.toys.length;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
