import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { SnapshotSchedule } from './snapshot-schedule';
import type { SnapshotTarget } from './snapshot-target';

/** Properties of VolumeSnapshots. */
export interface VolumeSnapshotsProps {
  /** Schedules of the snapshots, each with its retention. 1 to 4. All must keep by count, or all by age. */
  readonly schedules: SnapshotSchedule[];

  /**
   * Volumes or instances of which snapshots are made.
   *
   * @default - the volumes that are passed to `protect`
   */
  readonly target?: SnapshotTarget;

  /**
   * Name of the source. Every snapshot has it in the tag `proven-backups:source`.
   *
   * @default - derived from the construct's id: `ShopFiles` becomes `shop-files`
   */
  readonly sourceName?: string;

  /**
   * Whether snapshots get the tags of their volume.
   *
   * @default true
   */
  readonly copyTags?: boolean;

  /**
   * Additional tags of all snapshots. At most 44.
   *
   * @default - only the tag with the name of the source
   */
  readonly tagsToAdd?: { [key: string]: string };

  /**
   * Keys that encrypt the volumes, which the role may use. Keys of volumes that are passed to `protect` are added by
   * themselves.
   *
   * @default - volumes are not encrypted, or use the account's default key for EBS
   */
  readonly encryptionKeys?: kms.IKey[];

  /**
   * Role of Data Lifecycle Manager. It is granted the permissions it needs.
   *
   * @default - a role is created
   */
  readonly role?: iam.IRole;

  /**
   * Whether the policy is enabled. A disabled policy neither makes nor deletes snapshots.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Description of the policy. Letters, digits, spaces, hyphens and underscores.
   *
   * @default - derived from the path of this construct
   */
  readonly description?: string;
}
