/** Lists the snapshots of volumes beside the backups. */
import type { EC2Client, Filter, Snapshot } from '@aws-sdk/client-ec2';
import { paginateDescribeSnapshots } from '@aws-sdk/client-ec2';
import { SNAPSHOT_SOURCE_TAG } from '../../../catalog/bucket/names';

const PAGE = 1000;
const GIB = 2 ** 30;

/** A tag of snapshots. */
export interface SnapshotTag {
  readonly key: string;
  /** Any value, if left out. */
  readonly value?: string;
}

/** A snapshot, as `proven-backups list` shows it. */
export interface ListedSnapshot {
  /** The source in its tag, if it has that tag. */
  readonly source?: string;
  readonly id: string;
  readonly volume: string;
  readonly time: string;
  /** Size of the full snapshot, or else of the volume: EC2 does not tell how much it adds to others. */
  readonly bytes: number;
  /** EC2's name: `completed`, `pending`, `error`, `recoverable`, `recovering`. */
  readonly state: string;
  /** EC2's name: `standard` or `archive`. */
  readonly tier: string;
  readonly madeBy: string;
}

/**
 * Lists the account's snapshots that have the tag of a source, or another given tag: by source, newest first.
 *
 * @param source only this one; all if left out
 */
export async function listSnapshots(
  client: EC2Client,
  tags: readonly SnapshotTag[],
  source?: string,
): Promise<ListedSnapshot[]> {
  const ofSource = { key: SNAPSHOT_SOURCE_TAG, ...(source !== undefined && { value: source }) };
  const found = new Map<string, ListedSnapshot>();
  for (const tag of [ofSource, ...tags]) {
    // Without an owner EC2 lists the public snapshots of all accounts too.
    const input = { OwnerIds: ['self'], Filters: [filterOf(tag)], MaxResults: PAGE };
    for await (const { Snapshots = [] } of paginateDescribeSnapshots({ client }, input)) {
      for (const snapshot of Snapshots) if (carries(snapshot, tag)) found.set(snapshot.SnapshotId!, listed(snapshot));
    }
  }
  const nameOf = ({ source: name = '~' }: ListedSnapshot): string => name;
  return [...found.values()].sort(
    (a, b) => compare(nameOf(a), nameOf(b)) || compare(b.time, a.time) || compare(a.id, b.id),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const filterOf = ({ key, value }: SnapshotTag): Filter =>
  value === undefined ? { Name: 'tag-key', Values: [key] } : { Name: `tag:${key}`, Values: [value] };

/** EC2 reads `*` and `?` in the value of a filter as wildcards. */
const carries = ({ Tags = [] }: Snapshot, { key, value }: SnapshotTag): boolean =>
  Tags.some((tag) => tag.Key === key && (value === undefined || tag.Value === value));

function listed(snapshot: Snapshot): ListedSnapshot {
  const tags = new Map((snapshot.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  const source = tags.get(SNAPSHOT_SOURCE_TAG);
  return {
    ...(source !== undefined && { source }),
    id: snapshot.SnapshotId!,
    volume: snapshot.VolumeId ?? 'unknown',
    time: snapshot.StartTime!.toISOString(),
    bytes: snapshot.FullSnapshotSizeInBytes ?? (snapshot.VolumeSize ?? 0) * GIB,
    state: snapshot.State ?? 'unknown',
    tier: snapshot.StorageTier ?? 'standard',
    madeBy: makerOf(tags),
  };
}

function makerOf(tags: ReadonlyMap<string, string>): string {
  const policy = tags.get('aws:dlm:lifecycle-policy-id');
  if (policy !== undefined) return `DLM ${policy}`;
  return [...tags.keys()].some((key) => key.startsWith('aws:backup:')) ? 'AWS Backup' : 'by hand';
}
