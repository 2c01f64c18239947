import type * as rds from 'aws-cdk-lib/aws-rds';
import type { IConstruct } from 'constructs';
import { DATA_DIRECTORY } from '../../catalog/contract/task';
import type {
  MariadbProps,
  MysqlProps,
  PostgresqlProps,
  RdsClusterOptions,
  RdsInstanceOptions,
  SqliteProps,
} from './database-options';
import type { BoundDatabase } from './private/bound-database';
import { fault } from '../private/fault';
import { clusterServer, instanceServer } from './private/rds-server';
import { bindServer } from './private/server';

/** The database to back up. */
export class Database {
  /** A MySQL server. */
  public static mysql(props: MysqlProps): Database {
    return Database._ofServer('mysql', props);
  }

  /** A MariaDB server. */
  public static mariadb(props: MariadbProps): Database {
    return Database._ofServer('mariadb', props);
  }

  /** A PostgreSQL server. */
  public static postgresql(props: PostgresqlProps): Database {
    return Database._ofServer('postgresql', props);
  }

  /** An SQLite database: a file on an EFS access point. */
  public static sqlite(props: SqliteProps): Database {
    return new Database((scope) => bindFile(scope, props));
  }

  /** An RDS instance: engine, version, endpoint, secret and connections are its own. MySQL, MariaDB or PostgreSQL. */
  public static fromInstance(instance: rds.IDatabaseInstance, options: RdsInstanceOptions = {}): Database {
    return new Database((scope) => bindServer(scope, instanceServer(scope, instance, options)));
  }

  /** An Aurora or Multi-AZ cluster: engine, version, endpoint, secret and connections are its own. */
  public static fromCluster(cluster: rds.IDatabaseCluster, options: RdsClusterOptions = {}): Database {
    return new Database((scope) => bindServer(scope, clusterServer(scope, cluster, options)));
  }

  /**
   * A server of any registered engine.
   *
   * @internal
   */
  public static _ofServer(engine: string, props: PostgresqlProps): Database {
    return new Database((scope) => bindServer(scope, { ...props, engine }));
  }

  private constructor(private readonly binder: (scope: IConstruct) => BoundDatabase) {}

  /** @internal */
  public _bind(scope: IConstruct): BoundDatabase {
    return this.binder(scope);
  }
}

function bindFile(scope: IConstruct, { fileSystem, accessPoint, path }: SqliteProps): BoundDatabase {
  if (path === '' || path.startsWith('/') || path.split('/').includes('..')) {
    const example = "for example 'shop.db'";
    fault(scope, `path must be relative to the access point, without .., ${example}, got: ${JSON.stringify(path)}`);
  }
  return {
    engine: 'sqlite',
    volume: { fileSystem, accessPoint },
    file: `${DATA_DIRECTORY}/${path}`,
    allowTo: fileSystem,
    needs: [fileSystem.mountTargetsAvailable],
  };
}
