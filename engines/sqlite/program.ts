import type { EngineProgram } from '../engine';
import { SqliteDump } from './dump';
import { SqliteRestore } from './restore';
import { snapshotMain } from './snapshot';

/** SQLite. Its helper takes the snapshot of a file. */
export const SQLITE_PROGRAM: EngineProgram = {
  createDump: (context) => new SqliteDump(context),
  createRestore: (context) => new SqliteRestore(context),
  helper: snapshotMain,
};
