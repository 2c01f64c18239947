import type { EngineProof } from '../../engine';
import type { MysqlDialect } from '../dialect';
import { MysqlScratchServer } from './scratch-server';
import { MysqlSections } from './sections';

/** Restore tests of MySQL or MariaDB. */
export const mysqlProof = (dialect: MysqlDialect): EngineProof => ({
  createScratchServer: (context) => new MysqlScratchServer(context, dialect),
  sections: () => (_object, rows) => new MysqlSections(rows),
});
