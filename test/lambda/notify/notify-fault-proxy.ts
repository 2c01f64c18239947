import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Decides about a call, `DynamoDB_20120810.PutItem` or `Publish`, the so many-th of it: a code is answered instead. */
export type Refuse = (operation: string, count: number) => string | undefined | Promise<string | undefined>;

/** An HTTP proxy before the emulated AWS that refuses calls as AWS does, with 400 and a code. */
export class FaultProxy {
  /** How many were refused, by code. */
  readonly refused = new Map<string, number>();
  private readonly counts = new Map<string, number>();

  private constructor(
    private readonly server: http.Server,
    private readonly target: string,
    private readonly refuse: Refuse,
  ) {
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(target: string, refuse: Refuse): Promise<FaultProxy> {
    // As long as that of the emulator behind it, whose answers say so.
    const server = http.createServer({ keepAliveTimeout: 75_000 }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, target, refuse);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = await buffer(request);
    const target = request.headers['x-amz-target'];
    const operation =
      typeof target === 'string' ? target : (new URLSearchParams(body.toString()).get('Action') ?? request.method!);
    const count = (this.counts.get(operation) ?? 0) + 1;
    this.counts.set(operation, count);
    const code = await this.refuse(operation, count);
    if (code !== undefined) {
      this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
      const isJson = target !== undefined;
      response.writeHead(400, { 'content-type': isJson ? 'application/x-amz-json-1.0' : 'text/xml' });
      const xml = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>injected</Message></Error></ErrorResponse>`;
      response.end(isJson ? JSON.stringify({ __type: code, message: 'injected' }) : xml);
      return;
    }
    const { hostname, port } = new URL(this.target);
    const { method, headers, url: path } = request;
    const onward = http.request({ hostname, port, method, headers, path }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
      reply.pipe(response);
    });
    onward.once('error', () => request.socket.destroy());
    onward.end(body);
  }
}
