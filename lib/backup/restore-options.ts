import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/**
 * How backups of a database are restored, into the database itself or beside it, by `proven-backups restore`. Nothing
 * starts a restore but a person who may: `DatabaseBackup.grantRestore`. On an instance, every process that reaches the metadata
 * service can read the backups of the source, and `secret`, from then on: require IMDSv2 with a hop limit of 1, and keep other
 * containers out of the network of the host.
 */
export interface RestoreOptions {
  /**
   * Secret with the user name and the password of a user that may write, in JSON; for a source with `uriKey`, with a connection
   * string under the same key. It is not that of the backup, whose user should only read. Required for a server.
   *
   * @default - SQLite and files have no users, and take no secret
   */
  readonly secret?: secretsmanager.ISecret;

  /**
   * JSON key of the user name in the secret.
   *
   * @default - the key in the secret of the backup
   */
  readonly usernameKey?: string;

  /**
   * JSON key of the password in the secret.
   *
   * @default - the key in the secret of the backup
   */
  readonly passwordKey?: string;

  /**
   * Secret with the private key of a recipient of encrypted backups, as text: the file of age-keygen, or of OpenSSH without a
   * passphrase. It may hold another text until a restore is needed. Whoever may start a restore can have it read.
   *
   * @default - a task cannot restore encrypted backups: `proven-backups restore --local --identity` can
   */
  readonly identity?: secretsmanager.ISecret;

  /**
   * Security groups of the task, in place of those of the backup. The database has to accept connections from one of them
   * already. 1 to 5. For tasks only, as the three sizes below.
   *
   * @default - those of the backup
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * CPU units of the task; 1024 is one vCPU. 256, 512, 1024, 2048, 4096, 8192 or 16384.
   *
   * @default - that of the backup
   */
  readonly cpu?: number;

  /**
   * Memory of the task, in MiB. It must be a size that Fargate offers with `cpu`.
   *
   * @default - that of the backup
   */
  readonly memoryLimitMiB?: number;

  /**
   * Disk of the task, in GiB. 21 to 200. SQLite needs it for the file if single tables are restored; everything else is streamed.
   *
   * @default - that of the backup
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * Longest duration of a restore, after which it stops and fails. 30 seconds to 7 days. A restore takes several times as long
   * as its dump, because it builds all indexes anew, and no next run has to wait for it.
   *
   * @default Duration.hours(12)
   */
  readonly timeout?: Duration;
}
