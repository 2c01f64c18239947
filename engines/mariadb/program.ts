import type { EngineProgram } from '../engine';
import { MysqlDump } from '../mysql/dump';
import { mysqlProof } from '../mysql/proof/proof';
import { MysqlRestore } from '../mysql/restore/restore';
import { MARIADB_DIALECT } from './dialect';

/** MariaDB. */
export const MARIADB_PROGRAM: EngineProgram = {
  createDump: (context) => new MysqlDump(context, MARIADB_DIALECT),
  createRestore: (context) => new MysqlRestore(context, MARIADB_DIALECT),
  proof: mysqlProof(MARIADB_DIALECT),
};
