import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as efs from 'aws-cdk-lib/aws-efs';
import type { IDependable } from 'constructs';
import type { ServerJob } from '../../../catalog/contract/task';
import type { SecretValue } from './secret-value';

/** Facts about the backup that decide how its database is checked. */
export interface DatabaseContext {
  /** The task runs an image of the user's. */
  readonly ownImage: boolean;
}

/** A checked database, in the form that the task needs. */
export interface BoundDatabase {
  /** Name of the engine. */
  readonly engine: string;
  readonly engineVersion?: string;
  /** Engines with a server only. */
  readonly server?: ServerJob;
  readonly username?: SecretValue;
  readonly password?: SecretValue;
  /** Host that takes writes, if it is not the one that is dumped; `false` for a read replica, which takes none. */
  readonly writer?: string | false;
  /** Engines without a server only. */
  readonly volume?: { readonly fileSystem: efs.IFileSystem; readonly accessPoint: efs.IAccessPoint };
  readonly file?: string;
  /** Security groups that may already reach the database. */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /** Resource that has to accept connections from the task's own security group. */
  readonly allowTo?: ec2.IConnectable;
  /** Resources that must exist before the first run. */
  readonly needs?: readonly IDependable[];
}
