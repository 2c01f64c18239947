import type * as rds from 'aws-cdk-lib/aws-rds';
import type { IConstruct } from 'constructs';
import type { Engine } from '../../catalog/contract/task';
import { DATA_DIRECTORY } from '../../catalog/contract/task';
import type {
  MariadbProps,
  MysqlProps,
  PostgresqlProps,
  RdsClusterOptions,
  RdsInstanceOptions,
  SchemaOptions,
  ServerProps,
  SqliteProps,
} from './database-options';
import type { EngineVersion } from './engine-version';
import type { BoundDatabase, DatabaseContext } from './private/bound-database';
import { fault, requireGiven, requireProps } from '../private/fault';
import { clusterServer, instanceServer } from './private/rds-server';
import { bindServer } from './private/server';

/** A database to back up. */
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
   * A server of any engine.
   *
   * @internal
   */
  public static _ofServer(
    engine: Engine,
    props: ServerProps & SchemaOptions & { readonly version: EngineVersion },
  ): Database {
    return new Database((scope, context) => {
      requireGiven(scope, 'version', props.version);
      return bindServer(scope, { ...props, engine, version: props.version.version }, context);
    });
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
