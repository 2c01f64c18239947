import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as efs from 'aws-cdk-lib/aws-efs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { FilesRepository } from '../bucket/files-repository';
import type { DatabaseTls } from './database-tls';
import type { EngineVersion, MariadbVersion, MongodbVersion, MysqlVersion, PostgresqlVersion } from './engine-version';

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
   * Arguments appended to those of the dump tool (`mysqldump`, `mariadb-dump`, `pg_dump`, `mongodump`). Never put a secret here.
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
   * @default - the engine's default port: 3306 for MySQL and MariaDB, 5432 for PostgreSQL, 27017 for MongoDB
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

/** The members of a replica set that a backup may be dumped from. */
export enum ReadPreference {
  /** The primary alone. */
  PRIMARY = 'primary',
  /** The primary; a secondary if there is none. */
  PRIMARY_PREFERRED = 'primaryPreferred',
  /** A secondary; the run fails if there is none. */
  SECONDARY = 'secondary',
  /** A secondary; the primary if there is none. */
  SECONDARY_PREFERRED = 'secondaryPreferred',
  /** The member that answers fastest. */
  NEAREST = 'nearest',
}

/** Options of MongoDB and DocumentDB. */
export interface MongodbOptions extends ServerOptions {
  /**
   * Collections to leave out, each with its database: `shop.sessions`. Databases are dumped one by one then, each of its
   * collections at its own time: see `docs/consistency.md`.
   *
   * @default - no collection is left out
   */
  readonly excludeCollections?: string[];

  /**
   * Which member of a replica set is dumped from. All of a backup comes from one member.
   *
   * @default ReadPreference.SECONDARY_PREFERRED
   */
  readonly readPreference?: ReadPreference;

  /**
   * Database that the user belongs to.
   *
   * @default 'admin'
   */
  readonly authSource?: string;
}

/** Properties of a MongoDB server. One of `host`, `hosts`, `srv` and `uriKey` says where it is. */
export interface MongodbProps extends MongodbOptions {
  /** Version of the server. */
  readonly version: MongodbVersion;

  /** Secret with the user name and the password, or with a connection string, in JSON. */
  readonly secret: secretsmanager.ISecret;

  /**
   * Host name or address of a server, or of the one member of a replica set that is dumped from. With `replicaSet`, the other
   * members are asked of it. With TLS, the name in its certificate.
   *
   * @default - one of `hosts`, `srv` and `uriKey` says where the server is
   */
  readonly host?: string;

  /**
   * Members of a replica set, each with its port unless it is that of `port`: `db1.internal:27018`. A token has to be a host without
   * a port.
   *
   * @default - one of `host`, `srv` and `uriKey` says where the server is
   */
  readonly hosts?: string[];

  /**
   * Name whose SRV records list the members, as in `mongodb+srv://…`.
   *
   * @default - one of `host`, `hosts` and `uriKey` says where the server is
   */
  readonly srv?: string;

  /**
   * JSON key of a connection string in the secret, `mongodb://…` or `mongodb+srv://…`, with user and password. `tls` still says
   * how the certificate is verified.
   *
   * @default - the secret has user and password only
   */
  readonly uriKey?: string;

  /**
   * Port of the server, or of the `hosts` without one. Left out with `srv` and `uriKey`, which say it.
   *
   * @default 27017
   */
  readonly port?: number;

  /**
   * Name of the replica set, which its members must have.
   *
   * @default - not compared. A `host` alone is dumped from itself, whatever set it is in
   */
  readonly replicaSet?: string;
}

/** Options of an Amazon DocumentDB cluster. */
export interface DocumentDbClusterOptions extends MongodbOptions {
  /**
   * Secret with the user name and the password.
   *
   * @default - the construct's own secret. An imported cluster has none and needs this option
   */
  readonly secret?: secretsmanager.ISecret;

  /**
   * Version of the cluster, by the version of MongoDB that it is compatible with.
   *
   * @default - the version of the construct
   */
  readonly version?: MongodbVersion;
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
   * The endpoint leads each new connection to any of the readers. A run with PostgreSQL keeps to one of them. The tool of MySQL and
   * MariaDB may read another one than is counted: with more than one reader, use `Database.mysql` or `Database.mariadb` with the
   * endpoint of one instance as host.
   *
   * @default false
   */
  readonly useReader?: boolean;
}

/** Where files are: on EFS, for runs in Fargate; or on the instance of `runsOn`, for runs there. */
export interface FilePlaceProps {
  /**
   * The file system.
   *
   * @default - the files are on the instance of `runsOn`
   */
  readonly fileSystem?: efs.IFileSystem;

  /**
   * Access point through which the task sees the files. Its POSIX user has to be able to read them. It is mounted for reading and
   * writing, because SQLite databases need locks, for which the user needs write permission, and a restore writes. SQLite itself
   * opens a database read-only; on EFS it must not be in WAL mode, which SQLite does not support across hosts.
   *
   * @default - the files are on the instance of `runsOn`
   */
  readonly accessPoint?: efs.IAccessPoint;

  /**
   * Name of a volume of Docker on the instance of `runsOn`, as `docker volume ls` shows it: `shop_data`. It is mounted for reading only.
   *
   * @default - `path` is on EFS, or begins with a slash and is one of the instance, whose directory is mounted for reading only
   */
  readonly volume?: string;
}

/**
 * Properties of files. Patterns are globs relative to the directory: `*` and `?` within a name, `**` for any directories,
 * `[ab]`, `{a,b}`; names may begin with a point. A pattern that matches a directory holds for all that is in it.
 */
export interface FilesProps extends FilePlaceProps {
  /**
   * Path of the directory: below the access point's root or in the volume, without a leading slash; or of the instance, with one.
   *
   * @default - all of the access point, or of the volume
   */
  readonly path?: string;

  /**
   * Patterns of what is backed up: `['.env*', 'conf/**']`.
   *
   * @default - everything in the directory
   */
  readonly include?: string[];

  /**
   * Patterns of what is left out: `['**\/cache', '**\/*.tmp']`.
   *
   * @default - nothing is left out
   */
  readonly exclude?: string[];

  /**
   * Patterns of what may be unreadable: a backup succeeds without it, and says so.
   *
   * @default - a file that cannot be read fails the backup
   */
  readonly allowUnreadable?: string[];

  /**
   * Patterns of the SQLite databases that SQLite itself copies, as of one moment. Others are read as any file, which is right only
   * while nobody writes to them. Databases are found by their content, whatever they are called.
   *
   * @default - all SQLite databases
   */
  readonly sqliteDatabases?: string[];

  /**
   * Where backups are incremental: each run adds only what changed, by restic. A repository may hold many sources. Its maintenance runs
   * in Fargate, wherever the files are.
   *
   * @default - each backup is an archive with all files
   */
  readonly repository?: FilesRepository;

  /**
   * Secret with the key of this source's repository, in its JSON under `key`. Without it nothing in the repository can be read. Requires
   * `repository`.
   *
   * @default - a key is generated, in a secret that outlives the stack
   */
  readonly repositoryKey?: secretsmanager.ISecret;

  /**
   * Whether the task may act as root on EFS (`elasticfilesystem:ClientRootAccess`). The access point's POSIX user must
   * be 0: it reads every file, and a restore gives files back their owners.
   *
   * @default false
   */
  readonly rootAccess?: boolean;
}

/** Properties of an SQLite database. */
export interface SqliteProps extends FilePlaceProps {
  /**
   * Path of the database file: below the access point's root or in the volume, without a leading slash, `shop.db`; or of the
   * instance, with one, `/srv/shop/shop.db`. On an instance all of its directory is mounted, because SQLite keeps logs there.
   */
  readonly path: string;
}
