import type * as docdb from 'aws-cdk-lib/aws-docdb';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type { IConstruct } from 'constructs';
import type {
  DocumentDbClusterOptions,
  FilesProps,
  MariadbProps,
  MongodbProps,
  MysqlProps,
  PostgresqlProps,
  RdsClusterOptions,
  RdsInstanceOptions,
  SqliteProps,
} from './database-options';
import type { EngineVersion } from './engine-version';
import type { BoundDatabase, DatabaseContext } from './private/bound-database';
import { documentDbServer } from './private/document-db-server';
import { clusterServer, instanceServer } from './private/rds-server';
import { bindFile, bindFiles } from './private/file';
import type { Server } from './private/address';
import { bindServer } from './private/server';

/** A database to back up. */
export class Database {
  /** A MySQL server. */
  public static mysql(props: MysqlProps): Database {
    return Database._ofServer('mysql', withVersion(props));
  }

  /** A MariaDB server. */
  public static mariadb(props: MariadbProps): Database {
    return Database._ofServer('mariadb', withVersion(props));
  }

  /** A PostgreSQL server. */
  public static postgresql(props: PostgresqlProps): Database {
    return Database._ofServer('postgresql', withVersion(props));
  }

  /** A MongoDB server: a single one, or a replica set. A sharded cluster is refused by the run. */
  public static mongodb(props: MongodbProps): Database {
    return Database._ofServer('mongodb', withVersion(props));
  }

  /** Files on an EFS access point or on an instance: configuration, or a small tree. SQLite databases among them are copied by SQLite. */
  public static files(props: FilesProps): Database {
    return new Database((scope) => bindFiles(scope, props), props?.repository !== undefined);
  }

  /** An SQLite database: a file on an EFS access point, or on an instance. */
  public static sqlite(props: SqliteProps): Database {
    return new Database((scope) => bindFile(scope, props));
  }

  /**
   * An RDS instance with MySQL, MariaDB or PostgreSQL. Engine, version, endpoint, secret and connections come from the
   * construct.
   */
  public static fromInstance(instance: rds.IDatabaseInstance, options: RdsInstanceOptions = {}): Database {
    return new Database((scope, context) => bindServer(scope, instanceServer(scope, instance, options), context));
  }

  /** An Aurora or Multi-AZ cluster. Engine, version, endpoint, secret and connections come from the construct. */
  public static fromCluster(cluster: rds.IDatabaseCluster, options: RdsClusterOptions = {}): Database {
    return new Database((scope, context) => bindServer(scope, clusterServer(scope, cluster, options), context));
  }

  /**
   * An Amazon DocumentDB cluster, 5.0 or newer. Endpoint, port, version, secret and connections come from the construct, and
   * the tools from the official image of the MongoDB version that it is compatible with.
   */
  public static fromDocumentDbCluster(
    cluster: docdb.IDatabaseCluster,
    options: DocumentDbClusterOptions = {},
  ): Database {
    return new Database((scope, context) => bindServer(scope, documentDbServer(scope, cluster, options), context));
  }

  /**
   * A server of any registered engine.
   *
   * @internal
   */
  public static _ofServer(engine: string, props: Omit<Server, 'engine'>): Database {
    return new Database((scope, context) => bindServer(scope, { ...props, engine }, context));
  }

  private constructor(
    private readonly binder: (scope: IConstruct, context: DatabaseContext) => BoundDatabase,
    /**
     * Whether backups are in a repository, which has a key of its own.
     *
     * @internal
     */
    public readonly _hasRepository = false,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct, context: DatabaseContext): BoundDatabase {
    return this.binder(scope, context);
  }
}

/** Unwraps the version, which {@link bindServer} checks with the other properties. */
const withVersion = (
  props: Omit<Server, 'engine' | 'version'> & { readonly version: EngineVersion },
): Omit<Server, 'engine'> => ({
  ...props,
  version: (props.version as EngineVersion | undefined)?.version as string,
});
