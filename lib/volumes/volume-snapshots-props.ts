import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { SnapshotSchedule } from './snapshot-schedule';
import type { SnapshotTarget } from './snapshot-target';

/** Properties of VolumeSnapshots. */
export interface VolumeSnapshotsProps {
  /** When snapshots are made, and how long they are kept. 1 to 4, which all keep by count, or all by age. */
  readonly schedules: SnapshotSchedule[];

  /**
   * What snapshots are made of.
   *
   * @default - the volumes that `protect` is given
   */
  readonly target?: SnapshotTarget;

  /**
   * Name of the source, which every snapshot carries as the tag `proven-backups:source`.
   *
   * @default - the id of this construct: `ShopFiles` becomes `shop-files`
   */
  readonly sourceName?: string;

  /**
   * Whether snapshots carry the tags of their volume.
   *
   * @default true
   */
  readonly copyTags?: boolean;

  /**
   * More tags for all snapshots. At most 44.
   *
   * @default - only the tag with the name of the source
   */
  readonly tagsToAdd?: { [key: string]: string };

  /**
   * Keys that encrypt the volumes. The role may use them. Those of volumes given to `protect` are known already.
   *
   * @default - volumes are not encrypted, or with the account's default key for EBS
   */
  readonly encryptionKeys?: kms.IKey[];

  /**
   * Role of Data Lifecycle Manager. What it needs is granted to it.
   *
   * @default - a role is created
   */
  readonly role?: iam.IRole;

  /**
   * Whether snapshots are made and deleted. While they are not, old ones stay.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Description of the policy. Letters, digits, spaces, hyphens and underscores.
   *
   * @default - made of the path of this construct
   */
  readonly description?: string;
}
