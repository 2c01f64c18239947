import type { Duration } from 'aws-cdk-lib';
import type * as backup from 'aws-cdk-lib/aws-backup';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { BackupAlarms } from '../alarms/backup-alarms';
import type { SignalOff } from '../alarms/backup-alarms-props';
import type { BackupSchedule } from '../backup/backup-schedule';
import type { Retention } from '../pruning/retention';
import type { ManagedResource } from './managed-resource';
import type { VaultLock } from './vault-lock';

/** A copy of each backup in a vault of another Region or account. */
export interface ManagedCopyOptions {
  /** The vault, for example of `BackupVault.fromBackupVaultArn`. A vault of another account has to admit this one. */
  readonly vault: backup.IBackupVault;

  /**
   * How long copies are kept. Whole days.
   *
   * @default - as long as the backups
   */
  readonly retention?: Duration;
}

/** Properties of ManagedBackup. */
export interface ManagedBackupProps {
  /** The file systems and buckets. 1 or more. */
  readonly resources: ManagedResource[];

  /** When backups are made: daily, weekly, or by a cron expression. AWS Backup starts each within `startWindow`. */
  readonly schedule: BackupSchedule;

  /**
   * Retention of the backups. AWS Backup deletes by age alone: `keepLast` is turned into an age, with `startWindow` and
   * `completionWindow` in it, and holds as long as backups are made. Each period that is longer than the schedule's is a rule of
   * its own, with backups of its own.
   *
   * @default Retention.oneYear()
   */
  readonly retention?: Retention;

  /**
   * Alarms that report jobs that fail, copies that fail, and silence. They must be of the same stack.
   *
   * @default - nobody is told
   */
  readonly alarms?: BackupAlarms;

  /**
   * Allowed age of the newest backup of each resource. It must be longer than the longest time between two backups and
   * `startWindow`: the newest one ages until the next one is complete.
   *
   * @default - the longest time between two backups, the windows, and an hour; once there are two backups, their duration
   * takes the place of `completionWindow`
   */
  readonly allowedAge?: Duration;

  /**
   * Signals that are turned off for these resources.
   *
   * @default - those of the alarms are on
   */
  readonly signalsOff?: SignalOff[];

  /**
   * How long after its time a job may start. A job waits while another one of the same resource runs, and expires in the end.
   * 1 hour or more, in whole minutes.
   *
   * @default Duration.hours(8)
   */
  readonly startWindow?: Duration;

  /**
   * How long a job may run before AWS Backup ends it. At least an hour longer than `startWindow`, in whole minutes.
   *
   * @default Duration.days(1)
   */
  readonly completionWindow?: Duration;

  /**
   * The vault of the backups.
   *
   * @default - a vault is created, which outlives the stack, and out of which nobody may delete a backup by hand
   */
  readonly vault?: backup.IBackupVault;

  /**
   * Key that encrypts the vault.
   *
   * @default - a key is created with the vault; a vault that is given has its own
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Lock of the vault that is created.
   *
   * @default - the vault is not locked
   */
  readonly vaultLock?: VaultLock;

  /**
   * Copies in other vaults.
   *
   * @default - backups are not copied
   */
  readonly copyTo?: ManagedCopyOptions[];
}
