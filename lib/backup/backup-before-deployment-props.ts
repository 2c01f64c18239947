import type { Construct } from 'constructs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { DatabaseBackup } from './database-backup';

/** Properties of BackupBeforeDeployment. */
export interface BackupBeforeDeploymentProps {
  /** What is backed up before the deployment: 1 to 7 backups. All are started at once, and all must succeed. */
  readonly backups: DatabaseBackup[];

  /**
   * What waits for the backups. None of it may be needed by the backups themselves.
   *
   * @default [] - what {@link BackupBeforeDeployment.executeBefore} names
   */
  readonly executeBefore?: Construct[];

  /**
   * A text that is another one whenever a backup must be made: the commit that is deployed, for example. Must be known at
   * synth.
   *
   * @default - a fingerprint of the stack's resources: backups are made when the template changes any of them
   */
  readonly deploymentId?: string;

  /**
   * Whether backups are also made when the stack is created, for example for a database that is older than the stack.
   *
   * @default false - the creation of a stack waits for nothing
   */
  readonly onCreate?: boolean;

  /**
   * Log group of the function that starts the backups.
   *
   * @default - the log group of the first backup
   */
  readonly logGroup?: logs.ILogGroup;
}
