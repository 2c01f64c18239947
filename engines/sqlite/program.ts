import type { EngineProgram } from '../engine';
import { askMain } from './ask';
import { SqliteDump } from './dump';
import { placeMain, prepareMain } from './place';
import { SQLITE_PROOF } from './proof';
import { SqliteRestore } from './restore';
import { snapshotMain } from './snapshot';

/** SQLite. Its helper takes the snapshot of a file, or makes a step of a restore or of its test. */
export const SQLITE_PROGRAM: EngineProgram = {
  createDump: (context) => new SqliteDump(context),
  createRestore: (context) => new SqliteRestore(context),
  proof: SQLITE_PROOF,
  helper: ([first, ...rest]) => {
    if (first === 'prepare') return prepareMain(rest[0]);
    if (first === 'place') return placeMain(rest[0]);
    if (first === 'ask') return askMain(rest[0]);
    return snapshotMain(first === undefined ? [] : [first, ...rest]);
  },
};
