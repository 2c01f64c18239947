import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { settingsPath, type BucketSettings } from '../catalog/contract/handlers';
import { backupId, backupIdTime, objectKey } from '../catalog/bucket/names';

const HOUR_MS = 3_600_000;
const PAGE = 1000;
const DATA_BYTES = 50_000_000;
const FILES = ['manifest.json', 'shop.sql.zst'] as const;

/** Requests that a run sent, by operation. */
export type Requests = Record<string, number>;

/**
 * An S3 and a Systems Manager that hold as many hourly backups of one source as they are told. Nothing is stored: names
 * and manifests are made when they are asked for. Deletions are counted, not carried out.
 */
export class PruneStub {
  private requests: Requests = {};
  private deleted = 0;
  private backups = 0;
  private settings = '';
  private newest = 0;

  private constructor(private readonly server: http.Server) {
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<PruneStub> {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PruneStub(server);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Sets what is there, and forgets what was counted. */
  hold(backups: number, settings: BucketSettings): void {
    [this.backups, this.settings, this.requests, this.deleted] = [backups, JSON.stringify(settings), {}, 0];
    this.newest = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  }

  /** Counted requests. */
  get counted(): { readonly requests: Requests; readonly deletedObjects: number } {
    return { requests: this.requests, deletedObjects: this.deleted };
  }

  /** The backups, oldest first. */
  get held(): { readonly id: string; readonly time: Date }[] {
    return Array.from({ length: this.backups }, (_, index) => {
      const id = this.id(index);
      return { id, time: backupIdTime(id)! };
    });
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.endpoint);
    const body = request.method === 'POST' ? await text(request) : '';
    const [operation, status, content] = this.operate(request, url, body);
    this.requests[operation] = (this.requests[operation] ?? 0) + 1;
    response.writeHead(status, { 'content-type': content.startsWith('<') ? 'application/xml' : 'application/json' });
    response.end(content);
  }

  private operate(request: http.IncomingMessage, url: URL, body: string): [string, number, string] {
    const { searchParams: query, pathname } = url;
    if (request.headers['x-amz-target']) return ['GetParametersByPath', 200, this.parameters()];
    if (query.has('versioning')) {
      const answer = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
      return ['GetBucketVersioning', 200, answer];
    }
    if (query.has('object-lock')) {
      const code = 'ObjectLockConfigurationNotFoundError';
      return ['GetObjectLockConfiguration', 404, `<Error><Code>${code}</Code></Error>`];
    }
    if (query.has('delete')) {
      this.deleted += body.split('<Key>').length - 1;
      return ['DeleteObjects', 200, '<DeleteResult></DeleteResult>'];
    }
    if (query.has('delimiter')) {
      const prefix = '<CommonPrefixes><Prefix>shop/</Prefix></CommonPrefixes>';
      return ['ListObjectsV2', 200, `<ListBucketResult><IsTruncated>false</IsTruncated>${prefix}</ListBucketResult>`];
    }
    if (query.has('list-type')) return ['ListObjectsV2', 200, this.page(Number(query.get('continuation-token') ?? 0))];
    return ['GetObject', 200, manifest(pathname.split('/').at(-2)!)];
  }

  private parameters(): string {
    const own = { Name: `${settingsPath('bench')}own`, Value: this.settings, Type: 'String' };
    return JSON.stringify({ Parameters: [own] });
  }

  private page(from: number): string {
    const to = Math.min(from + PAGE, this.backups * FILES.length);
    let contents = '';
    for (let index = from; index < to; index++) {
      const id = this.id(Math.floor(index / FILES.length));
      const file = FILES[index % FILES.length]!;
      const size = file === 'manifest.json' ? Buffer.byteLength(manifest(id)) : DATA_BYTES;
      const time = backupIdTime(id)!.toISOString();
      contents += `<Contents><Key>${objectKey('shop', id, file)}</Key><LastModified>${time}</LastModified><ETag>"${'0'.repeat(32)}"</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
    }
    const next = to < this.backups * FILES.length;
    const token = next ? `<NextContinuationToken>${to}</NextContinuationToken>` : '';
    return `<ListBucketResult><IsTruncated>${next}</IsTruncated>${token}${contents}</ListBucketResult>`;
  }

  /** Id of a backup, counted from the oldest. */
  private id(index: number): string {
    return backupId(new Date(this.newest - (this.backups - 1 - index) * HOUR_MS));
  }
}

/** A manifest as the program writes it, with thirty tables. */
function manifest(id: string): string {
  const time = backupIdTime(id)!.toISOString();
  const object = { kind: 'dump', format: 'sql', compression: 'zstd', uncompressedBytes: 10 * DATA_BYTES };
  const content = {
    formatVersion: 1,
    source: 'shop',
    backupId: id,
    engine: 'mariadb',
    serverVersion: '10.11.19-MariaDB',
    toolVersion: '10.11.19-MariaDB',
    programVersion: '0.1.0',
    trigger: 'schedule',
    startedAt: time,
    endedAt: time,
    consistency: { snapshot: 'single-transaction', rowCounts: 'read-lock' },
    objects: [
      {
        ...object,
        key: objectKey('shop', id, FILES[1]),
        bytes: DATA_BYTES,
        sha256: 'a'.repeat(64),
        crc32: 'AAAAAA==',
        databases: ['shop'],
      },
    ],
    tables: Array.from({ length: 30 }, (_, index) => ({
      database: 'shop',
      name: `table_${index}`,
      rows: index * 1000,
    })),
  };
  return JSON.stringify(content, null, 2);
}
