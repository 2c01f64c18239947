import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as efs from 'aws-cdk-lib/aws-efs';
import type { IDependable } from 'constructs';
import type { ENV, FilesJob, InDocument, ServerJob } from '../../../catalog/contract/task';
import type { FilesRepository } from '../../bucket/files-repository';
import type { SecretValue } from './secret-value';

/** Facts about the backup that decide how its database is checked. */
export interface DatabaseContext {
  /** The task runs an image of the user's. */
  readonly ownImage: boolean;
}

/** Environment variables of the task that come out of a secret. */
export type SecretVariable = (typeof ENV)['username' | 'password' | 'uri' | 'repositoryKey'];

/** What a run on an instance has mounted, for reading only. */
export interface InstanceMount {
  readonly type: 'bind' | 'volume';
  /** Directory of the instance, or name of a volume of Docker. No quote and no comma is in it. */
  readonly source: string;
  /** Capabilities of Linux with which the program reads what belongs to other users. */
  readonly capabilities: readonly string[];
  /** Capabilities with which a restore gives back what the engine keeps of files. */
  readonly restoring: readonly string[];
}

/** A checked database, in the form that the task needs. */
export interface BoundDatabase {
  /** Name of the engine. */
  readonly engine: string;
  readonly engineVersion?: string;
  /** Engines with a server only. */
  readonly server?: InDocument<ServerJob>;
  /** User and password, a connection string, or the key of a repository, by the environment variables that the task has them in. */
  readonly secrets?: Readonly<Partial<Record<SecretVariable, SecretValue>>>;
  /** Host that takes writes, if it is not the one that is dumped; `false` for a read replica, which takes none. */
  readonly writer?: string | false;
  /** Engines without a server only. */
  readonly volume?: {
    readonly fileSystem: efs.IFileSystem;
    readonly accessPoint: efs.IAccessPoint;
    /** Whether the task may act as root. */
    readonly rootAccess?: boolean;
  };
  /** Engines without a server only, on an instance. */
  readonly mount?: InstanceMount;
  readonly file?: string;
  /** Engine `files` only. */
  readonly files?: FilesJob;
  /** Engine `files` only: where backups are incremental. */
  readonly repository?: FilesRepository;
  /** Security groups that may already reach the database. */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /** Resource that has to accept connections from the task's own security group. */
  readonly allowTo?: ec2.IConnectable;
  /** Resources that must exist before the first run. */
  readonly needs?: readonly IDependable[];
}
