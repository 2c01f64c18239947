import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { operationOf, type Operation } from './s3-fault-proxy';

/** A request as the rule sees it, once all of its body has come. */
export interface SmallS3Request {
  readonly operation: Operation;
  readonly key: string;
  readonly bytes: number;
  /** First and last byte of a range. */
  readonly from?: number;
  readonly to?: number;
}

/** An answer in place of the real one; a promise delays it, and `undefined` lets the request through. */
export type Refusal = { readonly status: number; readonly code: string; readonly message?: string } | undefined;

/** Some bytes of the real answer's body, and then the end of the connection, or silence. */
export type Break = { readonly cutAfterBytes: number } | { readonly silentAfterBytes: number };

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
  readonly modified: Date;
}

/** The part of S3 that the program and restic use, in this process and in memory: one bucket, for tests that must be fast. */
export class SmallS3 {
  rule: (request: SmallS3Request) => Refusal | Break | Promise<Refusal> = () => undefined;
  readonly requests: SmallS3Request[] = [];
  /** Milliseconds by which its clock is ahead. */
  clockShift = 0;
  private readonly objects = new Map<string, Stored>();
  private readonly hidden = new Map<string, Stored>();
  private readonly uploads = new Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }>();
  private count = 0;

  private constructor(private readonly server: http.Server) {
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(): Promise<SmallS3> {
    // A client that meets the end of an idle connection would ask once more than is counted.
    const server = http.createServer({ keepAliveTimeout: 75_000 }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SmallS3(server);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Environment of a client. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`,
      ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      ...{ AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
    };
  }

  /** Keys of all objects, sorted. */
  get keys(): string[] {
    return [...this.objects.keys()].sort();
  }

  /** Keys of multipart uploads that were neither completed nor aborted. */
  get unfinishedUploads(): string[] {
    return [...this.uploads.values()].map(({ key }) => key);
  }

  /** Forgets everything. */
  clear(): void {
    this.objects.clear();
    this.uploads.clear();
    this.requests.length = 0;
  }

  get(key: string): Buffer {
    return this.objects.get(key)!.body;
  }

  put(key: string, body: string | Buffer, modified = new Date()): void {
    this.objects.set(key, { body: Buffer.from(body), etag: `"${++this.count}"`, modified });
  }

  /** Puts a delete marker upon an object. */
  hide(key: string): void {
    this.hidden.set(key, this.objects.get(key)!);
    this.objects.delete(key);
  }

  /** Removes what is below delete markers. */
  forgetHidden(): void {
    this.hidden.clear();
  }

  remove(key: string): void {
    this.objects.delete(key);
  }

  startUpload(key: string): void {
    this.uploads.set(`upload-${++this.count}`, { key, parts: new Map() });
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://s3');
    const isChunked = `${request.headers['x-amz-content-sha256']}`.startsWith('STREAMING-');
    const body = isChunked ? unchunked(await buffer(request)) : await buffer(request);
    const key = decodeURIComponent(url.pathname).split('/').slice(2).join('/');
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const range = from === undefined ? {} : { from: Number(from), ...(to ? { to: Number(to) } : {}) };
    const seen = { operation: operationOf(request.method!, url), key, bytes: body.length, ...range };
    this.requests.push(seen);
    const refusal = (await this.rule(seen)) ?? this.conflict(request, seen);
    if (response.destroyed) return;
    const {
      status,
      headers = {},
      content = '',
    } = refusal && 'status' in refusal
      ? {
          status: refusal.status,
          content: `<Error>${xml('Code', refusal.code)}${xml('Message', refusal.message ?? 'injected')}</Error>`,
        }
      : this.answer(seen, url.searchParams, body);
    const length = { 'content-length': Buffer.byteLength(content) };
    response.writeHead(status, {
      ...{
        date: new Date(Date.now() + this.clockShift).toUTCString(),
        'content-type': 'application/xml',
        ...length,
        ...headers,
      },
    });
    if (!refusal || 'status' in refusal) return void response.end(content);
    const bytes = 'cutAfterBytes' in refusal ? refusal.cutAfterBytes : refusal.silentAfterBytes;
    response.write(Buffer.from(content).subarray(0, bytes), () => {
      if ('cutAfterBytes' in refusal) request.socket.end();
    });
  }

  private conflict({ headers }: http.IncomingMessage, { key }: SmallS3Request): Refusal {
    const etag = this.objects.get(key)?.etag;
    const failed =
      (headers['if-none-match'] === '*' && etag !== undefined) ||
      (headers['if-match'] !== undefined && headers['if-match'] !== etag);
    return failed ? { status: 412, code: 'PreconditionFailed' } : undefined;
  }

  private answer({ operation, key, from, to }: SmallS3Request, query: URLSearchParams, body: Buffer): Answer {
    const id = query.get('uploadId') ?? '';
    const upload = this.uploads.get(id);
    if (query.has('versions')) return this.versions(query.get('prefix') ?? '');
    switch (operation) {
      case 'PutObject':
        return this.store(key, body);
      case 'GetObject': {
        const object = this.objects.get(key);
        if (!object) return { status: 404, content: `<Error>${xml('Code', 'NoSuchKey')}</Error>` };
        const headers = { etag: object.etag, 'last-modified': object.modified.toUTCString() };
        if (from === undefined) return { status: 200, headers, content: object.body };
        const content = object.body.subarray(from, to === undefined ? undefined : to + 1);
        const range = `bytes ${from}-${from + content.length - 1}/${object.body.length}`;
        return { status: 206, headers: { ...headers, 'content-range': range }, content };
      }
      case 'HeadObject': {
        if (key === '') return { status: 200 };
        const object = this.objects.get(key);
        if (!object) return { status: 404 };
        const headers = { etag: object.etag, 'last-modified': object.modified.toUTCString() };
        return { status: 200, headers, content: object.body };
      }
      case 'ListObjectsV2': {
        const found = this.keys.filter((one) => one.startsWith(query.get('prefix') ?? ''));
        const contents = found.map((one) => {
          const { body, etag, modified } = this.objects.get(one)!;
          const said = `${xml('Size', body.length)}${xml('ETag', etag)}${xml('LastModified', modified.toISOString())}`;
          return `<Contents>${xml('Key', one)}${said}</Contents>`;
        });
        const head = `${xml('KeyCount', found.length)}${xml('IsTruncated', 'false')}`;
        return { status: 200, content: `<ListBucketResult>${head}${contents.join('')}</ListBucketResult>` };
      }
      case 'DeleteObject':
        this.objects.delete(key);
        return { status: 204 };
      case 'ListMultipartUploads': {
        const found = [...this.uploads].filter(([, one]) => one.key.startsWith(query.get('prefix') ?? ''));
        const list = found.map(([one, { key: of }]) => `<Upload>${xml('Key', of)}${xml('UploadId', one)}</Upload>`);
        return { status: 200, content: `<ListMultipartUploadsResult>${list.join('')}</ListMultipartUploadsResult>` };
      }
      case 'CreateMultipartUpload': {
        this.startUpload(key);
        const content = `<InitiateMultipartUploadResult>${xml('UploadId', [...this.uploads.keys()].pop()!)}</InitiateMultipartUploadResult>`;
        return { status: 200, content };
      }
      case 'UploadPart':
        upload?.parts.set(Number(query.get('partNumber')), body);
        return { status: upload ? 200 : 404, headers: { etag: '"part"' } };
      case 'CompleteMultipartUpload': {
        if (!upload) return { status: 404, content: `<Error>${xml('Code', 'NoSuchUpload')}</Error>` };
        this.uploads.delete(id);
        const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
        this.store(key, Buffer.concat(parts));
        return { status: 200, content: '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>' };
      }
      case 'AbortMultipartUpload':
        return { status: this.uploads.delete(id) ? 204 : 404 };
      default:
        return { status: 501 };
    }
  }

  private versions(prefix: string): Answer {
    const list = (name: string, keys: Iterable<string>) =>
      [...keys].filter((one) => one.startsWith(prefix)).map((one) => `<${name}>${xml('Key', one)}</${name}>`);
    const hidden = [...this.hidden.keys()];
    const content = [...list('Version', [...this.objects.keys(), ...hidden]), ...list('DeleteMarker', hidden)].join('');
    return { status: 200, content: `<ListVersionsResult>${content}</ListVersionsResult>` };
  }

  private store(key: string, body: Buffer): Answer {
    const etag = `"${++this.count}"`;
    this.objects.set(key, { body, etag, modified: new Date() });
    return { status: 200, headers: { etag } };
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly content?: string | Buffer;
}

/** The bytes in the chunks of a signed stream: `length;chunk-signature=…`. */
function unchunked(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at);
    const length = Number.parseInt(body.subarray(at, end).toString(), 16);
    if (!(length > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}

const xml = (name: string, value: string | number): string =>
  `<${name}>${String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</${name}>`;
