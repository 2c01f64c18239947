import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The account that asks. */
const OWNER = '000000000000';

/** A snapshot that the server has. */
export interface Ec2Snapshot {
  readonly id: string;
  readonly volume: string;
  readonly time: Date;
  readonly tags: Readonly<Record<string, string>>;
  readonly state?: string;
  readonly owner?: string;
  /** When it came to the archive tier; `unknown` if EC2 does not tell. */
  readonly archivedAt?: Date | 'unknown';
  /** How it is locked. */
  readonly lock?: { readonly state: string; readonly until?: Date };
  /** Accounts that may use it; `all` is everyone. */
  readonly sharedWith?: readonly string[];
}

/** An image of the account. */
export interface Ec2Image {
  readonly id: string;
  readonly snapshots: readonly string[];
  readonly disabled?: boolean;
}

/** A request: its parameters, and how many of its action came before, this one included. */
export interface Ec2Request {
  readonly action: string;
  readonly parameters: URLSearchParams;
  readonly count: number;
}

/** What EC2 refuses with. */
export interface Ec2Error {
  readonly status: number;
  readonly code: string;
}

/**
 * The snapshots of an EC2 that answers over HTTP in its query protocol. Emulators have no locks, no pages, no DLM, and
 * choose the time of a snapshot themselves; here all that is at hand. Deletes are refused as EC2 does.
 */
export class Ec2Server {
  readonly snapshots = new Map<string, Ec2Snapshot>();
  images: Ec2Image[] = [];
  /** Decides about each request; `undefined` lets it pass. */
  rule: (request: Ec2Request) => Ec2Error | undefined = () => undefined;
  readonly requests: Ec2Request[] = [];
  /** Items a page holds at most. */
  pageSize = 1000;
  /** How many deletes were at work at once. */
  mostAtOnce = 0;
  private atWork = 0;

  private constructor(private readonly server: http.Server) {
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(): Promise<Ec2Server> {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Ec2Server(server);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  add(...snapshots: Ec2Snapshot[]): void {
    for (const snapshot of snapshots) this.snapshots.set(snapshot.id, snapshot);
  }

  /** Requests of one action. */
  of(action: string): Ec2Request[] {
    return this.requests.filter((request) => request.action === action);
  }

  /** Forgets everything. */
  reset(): void {
    this.snapshots.clear();
    this.images = [];
    this.rule = () => undefined;
    this.requests.length = 0;
    this.pageSize = 1000;
    this.mostAtOnce = 0;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async handle(message: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const parameters = new URLSearchParams(await text(message));
    const action = parameters.get('Action')!;
    const request = { action, parameters, count: this.of(action).length + 1 };
    this.requests.push(request);
    this.mostAtOnce = Math.max(this.mostAtOnce, action === 'DeleteSnapshot' ? ++this.atWork : 0);
    await new Promise(setImmediate);
    const error = this.rule(request);
    const answer = error ?? this.answer(action, parameters);
    if (action === 'DeleteSnapshot') this.atWork--;
    const failed = typeof answer === 'object';
    response.writeHead(failed ? answer.status : 200, { 'content-type': 'text/xml;charset=UTF-8' });
    response.end(
      failed
        ? `<Response><Errors><Error><Code>${answer.code}</Code><Message>injected</Message></Error></Errors><RequestID>1</RequestID></Response>`
        : `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>${answer}</${action}Response>`,
    );
  }

  private answer(action: string, parameters: URLSearchParams): string | Ec2Error {
    const mine = [...this.snapshots.values()].filter(({ owner = OWNER }) => owner === OWNER);
    const snapshot = this.snapshots.get(parameters.get('SnapshotId') ?? '');
    switch (action) {
      case 'DescribeSnapshots': {
        const visible = parameters.get('Owner.1') === 'self' ? mine : [...this.snapshots.values()];
        return this.page('snapshotSet', visible.filter(filterOf(parameters)).map(snapshotXml), parameters);
      }
      case 'DescribeLockedSnapshots':
        return this.page('snapshotSet', mine.filter(({ lock }) => lock !== undefined).map(lockXml), parameters);
      case 'DescribeSnapshotTierStatus':
        return this.page('snapshotTierStatusSet', mine.map(tierXml), parameters);
      case 'DescribeImages': {
        const disabled = parameters.get('IncludeDisabled') === 'true';
        const images = this.images.filter((image) => disabled || !image.disabled);
        return this.page('imagesSet', images.map(imageXml), parameters);
      }
      case 'DescribeSnapshotAttribute':
        return snapshot ? permissionsXml(snapshot) : { status: 400, code: 'InvalidSnapshot.NotFound' };
      case 'DeleteSnapshot':
        return this.remove(snapshot);
      default:
        return { status: 400, code: 'InvalidAction' };
    }
  }

  private remove(snapshot: Ec2Snapshot | undefined): string | Ec2Error {
    if (!snapshot) return { status: 400, code: 'InvalidSnapshot.NotFound' };
    if (this.images.some(({ snapshots }) => snapshots.includes(snapshot.id))) {
      return { status: 400, code: 'InvalidSnapshot.InUse' };
    }
    if (snapshot.lock && snapshot.lock.state !== 'expired') return { status: 400, code: 'SnapshotLocked' };
    this.snapshots.delete(snapshot.id);
    return '<return>true</return>';
  }

  private page(name: string, items: readonly string[], parameters: URLSearchParams): string {
    const from = Number(parameters.get('NextToken') ?? 0);
    const to = from + Math.min(this.pageSize, Number(parameters.get('MaxResults') ?? 1000));
    const token = to < items.length ? `<nextToken>${to}</nextToken>` : '';
    return `<${name}>${items
      .slice(from, to)
      .map((item) => `<item>${item}</item>`)
      .join('')}</${name}>${token}`;
  }
}

const escaped = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** EC2's filters know the wildcards `*` and `?`. */
function filterOf(parameters: URLSearchParams): (snapshot: Ec2Snapshot) => boolean {
  const filters: [string, RegExp][] = [];
  for (let index = 1; parameters.has(`Filter.${index}.Name`); index++) {
    const value = parameters.get(`Filter.${index}.Value.1`)!.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`^${value.replaceAll('*', '.*').replaceAll('?', '.')}$`);
    filters.push([parameters.get(`Filter.${index}.Name`)!, pattern]);
  }
  return (snapshot) =>
    filters.every(([name, pattern]) => {
      const value = name === 'volume-id' ? snapshot.volume : snapshot.tags[name.slice('tag:'.length)];
      return value !== undefined && pattern.test(value);
    });
}

function snapshotXml({ id, volume, time, tags, state = 'completed', owner = OWNER, archivedAt }: Ec2Snapshot): string {
  const items = Object.entries(tags).map(
    ([key, value]) => `<item><key>${escaped(key)}</key><value>${escaped(value)}</value></item>`,
  );
  return `<snapshotId>${id}</snapshotId><volumeId>${volume}</volumeId><status>${state}</status>
    <startTime>${time.toISOString()}</startTime><progress>100%</progress><ownerId>${owner}</ownerId>
    <volumeSize>8</volumeSize><description/><encrypted>true</encrypted>
    <storageTier>${archivedAt ? 'archive' : 'standard'}</storageTier><tagSet>${items.join('')}</tagSet>`;
}

function lockXml({ id, lock }: Ec2Snapshot): string {
  const until = lock!.until ? `<lockExpiresOn>${lock!.until.toISOString()}</lockExpiresOn>` : '';
  return `<ownerId>${OWNER}</ownerId><snapshotId>${id}</snapshotId><lockState>${lock!.state}</lockState>${until}`;
}

function tierXml({ id, volume, archivedAt }: Ec2Snapshot): string {
  const completed =
    archivedAt instanceof Date ? `<archivalCompleteTime>${archivedAt.toISOString()}</archivalCompleteTime>` : '';
  return `<snapshotId>${id}</snapshotId><volumeId>${volume}</volumeId>${completed}`;
}

function imageXml({ id, snapshots, disabled }: Ec2Image): string {
  const devices = snapshots.map(
    (snapshot) => `<item><deviceName>/dev/sda</deviceName><ebs><snapshotId>${snapshot}</snapshotId></ebs></item>`,
  );
  const ephemeral = '<item><deviceName>/dev/sdb</deviceName><virtualName>ephemeral0</virtualName></item>';
  const state = disabled ? 'disabled' : 'available';
  return `<imageId>${id}</imageId><imageState>${state}</imageState><blockDeviceMapping>${devices.join('')}${ephemeral}</blockDeviceMapping>`;
}

function permissionsXml({ id, sharedWith = [] }: Ec2Snapshot): string {
  const items = sharedWith.map((account) =>
    account === 'all' ? '<item><group>all</group></item>' : `<item><userId>${account}</userId></item>`,
  );
  return `<snapshotId>${id}</snapshotId><createVolumePermission>${items.join('')}</createVolumePermission>`;
}
