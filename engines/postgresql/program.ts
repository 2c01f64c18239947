import type { EngineProgram } from '../engine';
import { PostgresqlDump } from './dump';

/** PostgreSQL. */
export const POSTGRESQL_PROGRAM: EngineProgram = { createDump: (context) => new PostgresqlDump(context) };
