import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Operations of S3 that the program uses. */
export type Operation =
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'GetObjectLockConfiguration'
  | 'GetBucketVersioning'
  | 'DeleteObjects'
  | 'DeleteObject'
  | 'Other';

/** A request as the rules see it. */
export interface S3Request {
  readonly operation: Operation;
  /** Path of the request: bucket and key. */
  readonly path: string;
  /** Of UploadPart. */
  readonly partNumber: number;
  /** Number of requests of this operation so far, this one included. */
  readonly count: number;
}

/** The proxy's action in place of passing a request on; `undefined` passes it on. */
export type Fault =
  /** Answers with this status and an S3 error document. */
  | { readonly status: number; readonly code: string }
  /** Passes it on after a while. Milliseconds. */
  | { readonly delay: number }
  /** Cuts the connection after some bytes of the request's body. */
  | { readonly cutAfterBytes: number }
  /** Passes it on, and cuts the connection instead of giving the answer. */
  | { readonly loseAnswer: true }
  /** Passes it on when the promise resolves. */
  | { readonly hold: Promise<unknown> }
  /** Of DeleteObjects: passes it on without these keys, and says that they could not be deleted. */
  | { readonly refuse: RegExp; readonly code: string };

/** The operation of a request. */
export function operationOf(method: string, url: URL): Operation {
  const has = (name: string): boolean => url.searchParams.has(name);
  if (has('partNumber')) return 'UploadPart';
  if (has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'ListMultipartUploads';
  if (has('uploadId')) return method === 'POST' ? 'CompleteMultipartUpload' : 'AbortMultipartUpload';
  if (has('list-type')) return 'ListObjectsV2';
  if (has('object-lock')) return 'GetObjectLockConfiguration';
  if (has('versioning')) return 'GetBucketVersioning';
  if (has('delete')) return 'DeleteObjects';
  if (method === 'HEAD') return 'HeadObject';
  if (method === 'DELETE') return 'DeleteObject';
  if (method === 'PUT') return 'PutObject';
  return method === 'GET' ? 'GetObject' : 'Other';
}

/** An HTTP proxy before an S3 that counts requests and injects faults by rule. The Host header passes unchanged. */
export class S3FaultProxy {
  /** Decides about each request. */
  rule: (request: S3Request) => Fault | undefined = () => undefined;
  readonly counts = new Map<Operation, number>();
  /** Milliseconds by which the clock of the S3 is ahead. */
  clockShift = 0;

  private constructor(
    private readonly server: http.Server,
    private readonly target: URL,
  ) {
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    });
  }

  /** @param target endpoint of the S3 behind it */
  static async start(target: string): Promise<S3FaultProxy> {
    // As long as that of the emulator behind it, whose answers say so: a client would meet the end of an idle connection, and
    // ask once more than is counted.
    const server = http.createServer({ keepAliveTimeout: 75_000 }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new S3FaultProxy(server, new URL(target));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets rule and counts. */
  reset(): void {
    this.rule = () => undefined;
    this.counts.clear();
    this.clockShift = 0;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.target);
    const operation = operationOf(request.method ?? 'GET', url);
    const count = (this.counts.get(operation) ?? 0) + 1;
    this.counts.set(operation, count);
    const partNumber = Number(url.searchParams.get('partNumber') ?? 0);
    const fault = this.rule({ operation, path: decodeURIComponent(url.pathname), partNumber, count });
    if (fault && 'status' in fault) return answer(request, response, fault);
    if (fault && 'cutAfterBytes' in fault) {
      let seen = 0;
      request.on('data', (chunk: Buffer) => {
        seen += chunk.length;
        if (seen >= fault.cutAfterBytes) request.socket.destroy();
      });
      return;
    }
    if (fault && 'refuse' in fault) return this.refuse(request, response, fault);
    if (fault && 'delay' in fault) await new Promise((resolve) => setTimeout(resolve, fault.delay));
    if (fault && 'hold' in fault) await fault.hold;
    this.passOn(request, response, fault !== undefined && 'loseAnswer' in fault);
  }

  private shifted(date: string): string {
    return this.clockShift === 0 ? date : new Date(Date.parse(date) + this.clockShift).toUTCString();
  }

  private async refuse(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    { refuse, code }: { readonly refuse: RegExp; readonly code: string },
  ): Promise<void> {
    const refused: string[] = [];
    const body = (await text(request)).replace(/<Object><Key>(.*?)<\/Key><\/Object>/g, (object, key: string) => {
      if (!refuse.test(key)) return object as string;
      refused.push(`<Error><Key>${key}</Key><Code>${code}</Code><Message>injected</Message></Error>`);
      return '';
    });
    if (body.includes('<Object>')) {
      // In the name of whoever asked.
      const { authorization = '' } = request.headers;
      const headers = { 'content-type': 'application/xml', authorization };
      await fetch(new URL(request.url!, this.target), { method: 'POST', headers, body });
    }
    response.writeHead(200, { 'content-type': 'application/xml', date: new Date().toUTCString() });
    response.end(`<?xml version="1.0"?><DeleteResult>${refused.join('')}</DeleteResult>`);
  }

  private passOn(request: http.IncomingMessage, response: http.ServerResponse, loseAnswer: boolean): void {
    const { method, headers } = request;
    const options = { host: this.target.hostname, port: this.target.port, method, headers, path: request.url };
    const onward = http.request(options, (reply) => {
      if (loseAnswer) {
        reply.resume();
        reply.once('end', () => request.socket.destroy());
        return;
      }
      const headers = reply.rawHeaders.map((value, index, all) =>
        index % 2 === 1 && all[index - 1]!.toLowerCase() === 'date' ? this.shifted(value) : value,
      );
      response.writeHead(reply.statusCode ?? 502, headers);
      reply.pipe(response);
    });
    onward.once('error', () => request.socket.destroy());
    // A client that gives up must not leave its half request behind.
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  }
}

function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  fault: { readonly status: number; readonly code: string },
): void {
  request.resume();
  request.once('end', () => {
    response.writeHead(fault.status, { 'content-type': 'application/xml', date: new Date().toUTCString() });
    response.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>injected</Message></Error>`);
  });
}
