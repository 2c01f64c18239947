import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as efs from 'aws-cdk-lib/aws-efs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { DatabaseTls } from './database-tls';

/** What of a server is backed up, and how it is reached. */
export interface ServerOptions {
  /**
   * JSON key of the user name in the secret.
   *
   * @default 'username'
   */
  readonly usernameKey?: string;

  /**
   * JSON key of the password in the secret.
   *
   * @default 'password'
   */
  readonly passwordKey?: string;

  /**
   * How the server's certificate is verified.
   *
   * @default - against the public certificate authorities; against Amazon's own for RDS and Aurora
   */
  readonly tls?: DatabaseTls;

  /**
   * Databases to back up. Not together with `excludeDatabases`.
   *
   * @default - all databases of the server, except its own system databases
   */
  readonly databases?: string[];

  /**
   * Databases to leave out.
   *
   * @default - no database is left out
   */
  readonly excludeDatabases?: string[];

  /**
   * Arguments appended to those of the dump tool (`mysqldump`, `mariadb-dump`, `pg_dump`). Never put a secret here.
   *
   * @default - the program's own arguments only
   */
  readonly extraDumpArguments?: string[];

  /**
   * Security groups of the task, which the server already lets in ("clients of the database"). At most five.
   *
   * @default - a security group is created. For RDS it is let into the database; for other servers, allow it with
   * `backup.connections.allowTo(…)`
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/** What of a PostgreSQL server is backed up. */
export interface PostgresqlOptions extends ServerOptions {
  /**
   * Schemas to back up, in each database.
   *
   * @default - all schemas
   */
  readonly schemas?: string[];

  /**
   * Schemas to leave out, in each database.
   *
   * @default - no schema is left out
   */
  readonly excludeSchemas?: string[];
}

/** A server that is reached by host and port. */
export interface MysqlProps extends ServerOptions {
  /** Version of the server, as the engine counts major versions: `8.4`, `11.4`, `16`. */
  readonly version: string;

  /** Host name or address of the server. With TLS, the name in its certificate. */
  readonly host: string;

  /**
   * Port of the server.
   *
   * @default - the engine's own: 3306, or 5432 for PostgreSQL
   */
  readonly port?: number;

  /** Secret with the user name and the password, in JSON. */
  readonly secret: secretsmanager.ISecret;
}

/** A MariaDB server that is reached by host and port. */
export interface MariadbProps extends MysqlProps {}

/** A PostgreSQL server that is reached by host and port. */
export interface PostgresqlProps extends PostgresqlOptions {
  /** Version of the server, as the engine counts major versions: `16`. */
  readonly version: string;

  /** Host name or address of the server. With TLS, the name in its certificate. */
  readonly host: string;

  /**
   * Port of the server.
   *
   * @default 5432
   */
  readonly port?: number;

  /** Secret with the user name and the password, in JSON. */
  readonly secret: secretsmanager.ISecret;
}

/** What is not taken from the RDS construct. `schemas` and `excludeSchemas` are for PostgreSQL only. */
export interface RdsInstanceOptions extends PostgresqlOptions {
  /**
   * Secret with the user name and the password.
   *
   * @default - the construct's own secret; an imported instance has none, and must be given one
   */
  readonly secret?: secretsmanager.ISecret;

  /**
   * Version of the server, as the engine counts major versions: `8.4`, `16`.
   *
   * @default - the version of the construct's engine
   */
  readonly version?: string;
}

/** What is not taken from the RDS construct. */
export interface RdsClusterOptions extends RdsInstanceOptions {
  /**
   * Dumps from the reader endpoint. It spares the writer, but a long dump can be cancelled by replication.
   *
   * @default false
   */
  readonly useReader?: boolean;
}

/** A file on EFS. */
export interface SqliteProps {
  /** The file system. */
  readonly fileSystem: efs.IFileSystem;

  /**
   * Access point through which the task sees the file. Mounted for reading and writing, for SQLite's locks: its
   * POSIX user needs write permission. The database itself is opened read-only. It must not be in WAL mode, which SQLite
   * does not support across hosts.
   */
  readonly accessPoint: efs.IAccessPoint;

  /** Path of the database file below the access point's root, without a leading slash: `shop.db`. */
  readonly path: string;
}
