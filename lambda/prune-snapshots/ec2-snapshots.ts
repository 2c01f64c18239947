import type { Snapshot } from '@aws-sdk/client-ec2';
import {
  DeleteSnapshotCommand,
  DescribeLockedSnapshotsCommand,
  DescribeSnapshotAttributeCommand,
  EC2Client,
  EC2ServiceException,
  paginateDescribeImages,
  paginateDescribeSnapshots,
  paginateDescribeSnapshotTierStatus,
} from '@aws-sdk/client-ec2';
import type { SnapshotTies, VolumeSnapshot } from '../../catalog/snapshots';
import { UNKNOWN_VOLUME } from '../../catalog/snapshots';
import { CLIENT_SETTINGS } from '../shared/clients';

/** The most that EC2 gives in one answer. */
const PAGE = 1000;
const GIB = 2 ** 30;

/** Makes the client of EC2, which throttles an account as a whole. */
export const ec2Client = (): EC2Client => new EC2Client(CLIENT_SETTINGS);

/** Result of a deletion: the hold that prevented it, if there was one. */
export interface Deletion {
  readonly held?: string;
}

/** The snapshots of this account and Region. */
export class Ec2Snapshots {
  constructor(private readonly client: EC2Client) {}

  /** All snapshots that carry a tag, or those of one volume. */
  async list(tag: { readonly key: string; readonly value: string }, volume?: string): Promise<VolumeSnapshot[]> {
    const { client } = this;
    const Filters = [{ Name: `tag:${tag.key}`, Values: [tag.value] }];
    if (volume !== undefined) Filters.push({ Name: 'volume-id', Values: [volume] });
    const found: VolumeSnapshot[] = [];
    // Without an owner EC2 answers with the public snapshots of all the world as well.
    const input = { OwnerIds: ['self'], Filters, MaxResults: PAGE };
    for await (const { Snapshots = [] } of paginateDescribeSnapshots({ client }, input)) {
      found.push(...Snapshots.map(volumeSnapshot));
    }
    // EC2 reads `*` and `?` in the value of a filter as wildcards.
    const ofVolume = (snapshot: VolumeSnapshot) => volume === undefined || snapshot.volume === volume;
    return found.filter((snapshot) => snapshot.tags.get(tag.key) === tag.value && ofVolume(snapshot));
  }

  /** Holds of snapshots without their shares, which take a request each. */
  async ties(snapshots: readonly VolumeSnapshot[]): Promise<Omit<SnapshotTies, 'shares'>> {
    const archived = snapshots.some((snapshot) => snapshot.archived);
    return {
      images: await this.images(),
      locks: await this.locks(),
      archivedAt: archived ? await this.archivedAt() : new Map<string, Date>(),
    };
  }

  /** With whom a snapshot is shared, if it is. */
  async share(id: string): Promise<string | undefined> {
    const { CreateVolumePermissions = [] } = await this.client.send(
      new DescribeSnapshotAttributeCommand({ SnapshotId: id, Attribute: 'createVolumePermission' }),
    );
    const who = CreateVolumePermissions.map(({ UserId, Group }) => (Group === 'all' ? 'everyone' : (UserId ?? Group)));
    return who.length > 0 ? who.join(', ') : undefined;
  }

  /** Deletes one. EC2 knows no deletion of many. */
  async delete(id: string): Promise<Deletion> {
    try {
      await this.client.send(new DeleteSnapshotCommand({ SnapshotId: id }));
      return {};
    } catch (error) {
      if (!(error instanceof EC2ServiceException)) throw error;
      // The answer to an earlier try was lost, or somebody else was faster.
      if (error.name === 'InvalidSnapshot.NotFound') return {};
      if (error.name === 'InvalidSnapshot.InUse') return { held: 'an image uses it' };
      if (/Locked$/.test(error.name)) return { held: 'locked' };
      throw error;
    }
  }

  private async images(): Promise<Map<string, string>> {
    const { client } = this;
    const images = new Map<string, string>();
    const input = { Owners: ['self'], IncludeDeprecated: true, IncludeDisabled: true, MaxResults: PAGE };
    for await (const { Images = [] } of paginateDescribeImages({ client }, input)) {
      for (const { ImageId = 'unknown', BlockDeviceMappings = [] } of Images) {
        for (const { Ebs } of BlockDeviceMappings) if (Ebs?.SnapshotId) images.set(Ebs.SnapshotId, ImageId);
      }
    }
    return images;
  }

  private async locks(): Promise<Map<string, string>> {
    const locks = new Map<string, string>();
    let NextToken: string | undefined;
    do {
      const page = await this.client.send(new DescribeLockedSnapshotsCommand({ MaxResults: PAGE, NextToken }));
      for (const { SnapshotId, LockState, LockExpiresOn } of page.Snapshots ?? []) {
        if (SnapshotId === undefined || LockState === 'expired') continue;
        locks.set(SnapshotId, LockExpiresOn ? `locked until ${LockExpiresOn.toISOString()}` : 'locked');
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return locks;
  }

  private async archivedAt(): Promise<Map<string, Date>> {
    const { client } = this;
    const archived = new Map<string, Date>();
    const input = { MaxResults: PAGE };
    for await (const { SnapshotTierStatuses = [] } of paginateDescribeSnapshotTierStatus({ client }, input)) {
      for (const { SnapshotId, ArchivalCompleteTime } of SnapshotTierStatuses) {
        if (SnapshotId && ArchivalCompleteTime) archived.set(SnapshotId, ArchivalCompleteTime);
      }
    }
    return archived;
  }
}

function volumeSnapshot(snapshot: Snapshot): VolumeSnapshot {
  return {
    id: snapshot.SnapshotId!,
    volume: snapshot.VolumeId || UNKNOWN_VOLUME,
    time: snapshot.StartTime!,
    state: snapshot.State ?? 'unknown',
    bytes: snapshot.FullSnapshotSizeInBytes ?? (snapshot.VolumeSize ?? 0) * GIB,
    archived: snapshot.StorageTier === 'archive',
    tags: new Map((snapshot.Tags ?? []).map(({ Key, Value }) => [Key!, Value ?? ''])),
  };
}
