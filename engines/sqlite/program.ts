import type { EngineProgram } from '../engine';
import { SqliteDump } from './dump';
import { snapshotMain } from './snapshot';

/** SQLite. Its helper takes the snapshot of a file. */
export const SQLITE_PROGRAM: EngineProgram = {
  createDump: (context) => new SqliteDump(context),
  helper: snapshotMain,
};
