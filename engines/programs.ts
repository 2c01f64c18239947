import type { Engine } from '../catalog/contract/task';
import type { EngineContext, EngineDump } from './engine';
import { MysqlDump } from './mysql/dump';
import { PostgresqlDump } from './postgresql/dump';
import { SqliteDump } from './sqlite/dump';

const ENGINE_DUMPS: Record<Engine, new (context: EngineContext) => EngineDump> = {
  mysql: MysqlDump,
  mariadb: MysqlDump,
  postgresql: PostgresqlDump,
  sqlite: SqliteDump,
};

/** The dump of the job's engine. */
export const createEngineDump = (context: EngineContext): EngineDump =>
  new ENGINE_DUMPS[context.run.job.engine](context);
