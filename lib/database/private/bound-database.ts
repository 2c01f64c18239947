import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as efs from 'aws-cdk-lib/aws-efs';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IDependable } from 'constructs';
import type { ServerJob } from '../../../catalog/contract/task';

/** A database that was checked, as the task needs it. */
export interface BoundDatabase {
  /** Name of the engine. */
  readonly engine: string;
  readonly engineVersion?: string;
  /** Engines with a server only. */
  readonly server?: ServerJob;
  readonly username?: ecs.Secret;
  readonly password?: ecs.Secret;
  /** Engines without a server only. */
  readonly volume?: { readonly fileSystem: efs.IFileSystem; readonly accessPoint: efs.IAccessPoint };
  readonly file?: string;
  /** Security groups that may already reach the database. */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /** What has to let the task's own security group in. */
  readonly allowTo?: ec2.IConnectable;
  /** What must exist before the first run. */
  readonly needs?: readonly IDependable[];
}
