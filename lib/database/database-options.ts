import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as efs from 'aws-cdk-lib/aws-efs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { DatabaseTls } from './database-tls';
import type { EngineVersion, MariadbVersion, MysqlVersion, PostgresqlVersion } from './engine-version';

/** Options of every database server. */
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
   * Verification of the server's certificate. The default does not accept the certificate of a stock MySQL container: see
   * `docs/networking.md` for one that can be verified.
   *
   * @default - against the public certificate authorities; for RDS and Aurora, against Amazon's
   */
  readonly tls?: DatabaseTls;

  /**
   * Databases to back up. Cannot be combined with `excludeDatabases`.
   *
   * @default - all databases of the server, except its system databases
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
   * @default - only the arguments that the program itself passes
   */
  readonly extraDumpArguments?: string[];

  /**
   * Security groups of the task that the server already accepts connections from. At most five.
   *
   * @default - a security group is created. RDS databases are opened to it; for other servers, call
   * `backup.connections.allowTo(…)`
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/** Options of engines with schemas: PostgreSQL. */
export interface SchemaOptions {
  /**
   * Schemas to back up, in each database. Cannot be combined with `excludeSchemas`.
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

/** Properties of a server that is reached by host and port. */
export interface ServerProps extends ServerOptions {
  /** Host name or address of the server. With TLS, the name in its certificate. */
  readonly host: string;

  /**
   * Port of the server.
   *
   * @default - the engine's default port: 3306 for MySQL and MariaDB, 5432 for PostgreSQL
   */
  readonly port?: number;

  /** Secret with the user name and the password, in JSON. */
  readonly secret: secretsmanager.ISecret;
}

/** Properties of a MySQL server. */
export interface MysqlProps extends ServerProps {
  /** Version of the server. */
  readonly version: MysqlVersion;
}

/** Properties of a MariaDB server. */
export interface MariadbProps extends ServerProps {
  /** Version of the server. */
  readonly version: MariadbVersion;
}

/** Properties of a PostgreSQL server. */
export interface PostgresqlProps extends ServerProps, SchemaOptions {
  /** Version of the server. */
  readonly version: PostgresqlVersion;
}

/** Options of an RDS instance. `schemas` and `excludeSchemas` are for PostgreSQL only. */
export interface RdsInstanceOptions extends ServerOptions, SchemaOptions {
  /**
   * Secret with the user name and the password.
   *
   * @default - the construct's own secret. An imported instance has none and needs this option
   */
  readonly secret?: secretsmanager.ISecret;

  /**
   * Version of the server. Needed for a read replica, and for a database that was imported or looked up without its engine:
   * the class names the engine.
   *
   * @default - the version of the construct's engine
   */
  readonly version?: EngineVersion;
}

/** Options of an Aurora or Multi-AZ cluster. `schemas` and `excludeSchemas` are for PostgreSQL only. */
export interface RdsClusterOptions extends RdsInstanceOptions {
  /**
   * Dumps from the reader endpoint. This spares the writer, but replication can cancel a long dump.
   *
   * @default false
   */
  readonly useReader?: boolean;
}

/** Properties of an SQLite database on EFS. */
export interface SqliteProps {
  /** The file system. */
  readonly fileSystem: efs.IFileSystem;

  /**
   * Access point through which the task sees the file. It is mounted for reading and writing, because SQLite needs locks:
   * the access point's POSIX user needs write permission. The database itself is opened read-only. It must not be in WAL
   * mode, which SQLite does not support across hosts.
   */
  readonly accessPoint: efs.IAccessPoint;

  /** Path of the database file below the access point's root, without a leading slash: `shop.db`. */
  readonly path: string;
}
