import type { Engine } from '../../catalog/contract';
import type { EngineContext, EngineDump } from './engine';
import { MysqlDump } from './mysql';
import { PostgresqlDump } from './postgresql';
import { SqliteDump } from './sqlite';

const ENGINE_DUMPS: Record<Engine, new (context: EngineContext) => EngineDump> = {
  mysql: MysqlDump,
  mariadb: MysqlDump,
  postgresql: PostgresqlDump,
  sqlite: SqliteDump,
};

/** The dump of the job's engine. */
export const createEngineDump = (context: EngineContext): EngineDump =>
  new ENGINE_DUMPS[context.run.job.engine](context);
