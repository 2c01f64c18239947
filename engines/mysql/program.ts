import type { EngineProgram } from '../engine';
import { MYSQL_DIALECT } from './dialect';
import { MysqlDump } from './dump';
import { mysqlProof } from './proof/proof';
import { MysqlRestore } from './restore/restore';

/** MySQL. */
export const MYSQL_PROGRAM: EngineProgram = {
  createDump: (context) => new MysqlDump(context, MYSQL_DIALECT),
  createRestore: (context) => new MysqlRestore(context, MYSQL_DIALECT),
  proof: mysqlProof(MYSQL_DIALECT),
};
