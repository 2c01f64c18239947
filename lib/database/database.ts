import type * as rds from 'aws-cdk-lib/aws-rds';
import type { IConstruct } from 'constructs';
import { DATA_DIRECTORY } from '../../catalog/contract/task';
import type {
  MariadbProps,
  MysqlProps,
  PostgresqlProps,
  RdsClusterOptions,
  RdsInstanceOptions,
  ServerProps,
  SqliteProps,
} from './database-options';
import type { EngineVersion } from './engine-version';
import type { BoundDatabase, DatabaseContext } from './private/bound-database';
import { fault, requireProps } from '../private/fault';
import { clusterServer, instanceServer } from './private/rds-server';
import { bindServer, type Server } from './private/server';

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

  /** An SQLite database: a file on an EFS access point. */
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
   * A server of any registered engine.
   *
   * @internal
   */
  public static _ofServer(engine: string, props: Omit<Server, 'engine'>): Database {
    return new Database((scope, context) => bindServer(scope, { ...props, engine }, context));
  }

  private constructor(private readonly binder: (scope: IConstruct, context: DatabaseContext) => BoundDatabase) {}

  /** @internal */
  public _bind(scope: IConstruct, context: DatabaseContext): BoundDatabase {
    return this.binder(scope, context);
  }
}

function bindFile(scope: IConstruct, props: SqliteProps): BoundDatabase {
  requireProps(scope, props, { fileSystem: true, accessPoint: true, path: true });
  const { fileSystem, accessPoint, path } = props;
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

/** Unwraps the version, which {@link bindServer} checks with the other properties. */
const withVersion = (props: ServerProps & { readonly version: EngineVersion }): Omit<Server, 'engine'> => ({
  ...props,
  version: (props.version as EngineVersion | undefined)?.version as string,
});
