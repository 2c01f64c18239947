import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A recovery point that the server has. */
export interface StoredPoint {
  readonly vault: string;
  readonly resource: string;
  readonly arn: string;
  readonly created: Date;
  readonly completed?: Date;
  readonly status?: string;
  readonly bytes?: number;
  readonly deleteAt?: Date;
  /** Id of the plan that made it. */
  readonly plan?: string;
}

/**
 * The recovery points of an AWS Backup that answers over HTTP. Emulators choose the times themselves, and know one status and
 * no pages.
 */
export class BackupServer {
  points: StoredPoint[] = [];
  /** Answers in place of those that follow, first come first served. */
  readonly faults: { readonly status: number; readonly type: string; readonly message: string }[] = [];
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  pageSize = 1000;

  private constructor(private readonly server: http.Server) {
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      const { status, headers = {}, body } = this.answer(request);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  }

  static async start(): Promise<BackupServer> {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BackupServer(server);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private answer({ url = '' }: http.IncomingMessage) {
    this.requests.push(url);
    const fault = this.faults.shift();
    if (fault) {
      const { status, type, message } = fault;
      return { status, headers: { 'x-amzn-errortype': `${type}:http://internal.amazon.com/` }, body: { message } };
    }
    const { pathname, searchParams } = new URL(url, 'http://backup');
    const vault = /^\/backup-vaults\/([^/]+)\/recovery-points$/.exec(pathname)?.[1];
    if (vault === undefined) return { status: 404, body: { message: 'no such operation' } };
    const resource = searchParams.get('resourceArn');
    const all = this.points.filter((point) => point.vault === vault && point.resource === resource);
    const from = Number(searchParams.get('nextToken') ?? 0);
    const to = from + this.pageSize;
    const RecoveryPoints = all.slice(from, to).map(pointJson);
    return { status: 200, body: { RecoveryPoints, NextToken: to < all.length ? String(to) : null } };
  }
}

const seconds = (time: Date): number => time.getTime() / 1000;

const pointJson = ({ vault, resource, arn, created, completed, status, bytes, deleteAt, plan }: StoredPoint) => ({
  RecoveryPointArn: arn,
  BackupVaultName: vault,
  ResourceArn: resource,
  ResourceType: resource.split(':')[2] === 's3' ? 'S3' : 'EFS',
  Status: status ?? 'COMPLETED',
  CreationDate: seconds(created),
  ...(completed && { CompletionDate: seconds(completed) }),
  BackupSizeInBytes: bytes ?? 4_294_967_296,
  ...(plan !== undefined && { CreatedBy: { BackupPlanId: plan } }),
  ...(deleteAt && { CalculatedLifecycle: { DeleteAt: seconds(deleteAt) } }),
});
