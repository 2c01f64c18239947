import type { EngineProgram } from '../engine';
import { PostgresqlDump } from './dump';
import { ArchiveSections } from './proof/archive-sections';
import { GlobalsSections } from './proof/globals-sections';
import { PostgresqlScratchServer } from './proof/scratch-server';
import { PostgresqlRestore } from './restore/restore';

/** PostgreSQL. */
export const POSTGRESQL_PROGRAM: EngineProgram = {
  createDump: (context) => new PostgresqlDump(context),
  createRestore: (context) => new PostgresqlRestore(context),
  proof: {
    createScratchServer: (context) => new PostgresqlScratchServer(context),
    sections:
      () =>
      ({ kind, databases }, rows) =>
        kind === 'globals' ? new GlobalsSections() : new ArchiveSections(databases[0] ?? '', rows),
  },
};
