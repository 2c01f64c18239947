import type { EngineProgram } from '../engine';
import { PostgresqlDump } from './dump';
import { PostgresqlRestore } from './restore/restore';

/** PostgreSQL. */
export const POSTGRESQL_PROGRAM: EngineProgram = {
  createDump: (context) => new PostgresqlDump(context),
  createRestore: (context) => new PostgresqlRestore(context),
};
